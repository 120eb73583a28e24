/** Twemoji's licence asks for credit wherever its pictures go. */
export const attribution =
  'Pictures: Twemoji, copyright Twitter, Inc and other contributors (https://github.com/jdecked/twemoji), ' +
  'CC-BY 4.0 (https://creativecommons.org/licenses/by/4.0/), recoloured, rotated, scaled and composed into scenes.';

/** COCO's `licenses` entry that every image of the scenes refers to. */
export const sceneLicense = {
  id: 1,
  name: 'Attribution 4.0 International (CC BY 4.0)',
  url: 'https://creativecommons.org/licenses/by/4.0/',
};

export function sceneReadme(command: string): string {
  return `# Generated scenes

Made by \`${command}\`; the same command makes the same bytes. COCO's layout:

| file | what |
|---|---|
| \`train2017/\`, \`annotations/{instances,panoptic}_train2017.json\` | labeled images |
| \`unlabeled2017/\`, \`annotations/image_info_unlabeled2017.json\` | images to pseudo-label |
| \`annotations/{instances,panoptic}_unlabeled2017.json\` | their truth, kept apart: only for measuring pseudo labels |
| \`val2017/\`, \`annotations/{instances,panoptic}_val2017.json\` | validation images |
| \`annotations/panoptic_*/\` | segment ids as PNG: R + 256 G + 65536 B |
| \`scenes.json\` | parameters and digest |

Masks are the visible pixels of each thing, exact by construction; boxes enclose them (continuous xywh).

## Licence

${attribution}
The scenes are available under the same licence.
`;
}
