import { checkLayout, isUsable, openCocoDataset, type CheckedPart } from '@cassl/datasets';
import { findLabels, type LabeledPart } from '../init/find-data.ts';

/**
 * Checks the parts of a folder in COCO's layout, or else in any layout that `cassl init` finds its way in.
 * @throws as `findLabels` where there are no labels in either
 */
export async function checkFolder(folder: string): Promise<CheckedPart[]> {
  const usual = await checkLayout(folder).catch(() => undefined);
  if (usual?.some(isUsable) === true) return usual;
  const found = await findLabels(folder).catch((error: unknown) => {
    if (usual === undefined) throw error;
  });
  // What COCO's layout says of a part that cannot be used.
  if (found === undefined) return usual ?? [];
  const parts: CheckedPart[] = [];
  for (const part of [found.labeled, found.validation]) {
    if (part !== undefined) parts.push(await checkLabels(part));
  }
  return parts;
}

async function checkLabels({ annotations, images }: LabeledPart): Promise<CheckedPart> {
  const { report, digest } = await openCocoDataset({
    ...{ annotations, images },
    ...{ kind: 'instances' as const, check: 'decode' as const },
  });
  return { path: annotations, kind: 'instances', images, report, digest };
}
