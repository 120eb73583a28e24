import sharp from 'sharp';
import { invalidArgument } from '@cassl/errors';
import { fromPixels } from './encode-image.ts';
import { textPath, textWidth } from './label-font.ts';
import { inkOn, instanceColour, toHex, type Colour } from './palette.ts';
import { placeTags } from './place-tags.ts';
import { tintMask } from './tint-mask.ts';
import type { RgbImage, Rle, Xyxy } from './types.ts';

/** What a drawing needs of an `Instance` or a `Detection`. */
export interface DrawnInstance {
  readonly box: Xyxy;
  readonly mask?: Rle | undefined;
  readonly score?: number;
}

export interface DrawDetectionsOptions {
  /** One text per instance; an empty one draws no label. @default the score in percent, where there is one */
  readonly labels?: readonly string[];
  /** One colour per instance. @default a palette in input order */
  readonly colours?: readonly Colour[];
}

/**
 * A copy of the picture with every instance's mask tinted, its box outlined and its label above the box (inside or below where another
 * label or no room is above). Lower scores are drawn first, so that the best stay on top.
 * @throws INVALID_ARGUMENT when a mask has another size than the picture.
 */
export async function drawDetections(
  image: RgbImage,
  instances: readonly DrawnInstance[],
  { labels, colours }: DrawDetectionsOptions = {},
): Promise<RgbImage> {
  const drawn = instances.map((instance, index) => ({
    instance,
    colour: colours?.[index] ?? instanceColour(index),
    label: labels?.[index] ?? (instance.score === undefined ? '' : `${Math.round(100 * instance.score)}%`),
  }));
  drawn.sort((a, b) => (a.instance.score ?? 0) - (b.instance.score ?? 0));

  const pixels = Uint8Array.from(image.data);
  for (const { instance, colour } of drawn) {
    if (instance.mask === undefined) continue;
    if (instance.mask.width !== image.width || instance.mask.height !== image.height) {
      throw invalidArgument(
        `drawDetections: a mask is ${instance.mask.height} x ${instance.mask.width}, the picture ${image.height} x ${image.width}`,
      );
    }
    tintMask(pixels, instance.mask, colour);
  }
  const strokes = strokesFor(image);
  const boxes = drawn.map(({ instance, colour }) => boxSvg(instance.box, colour, strokes.line));
  const tags = tagsSvg(drawn, strokes, image);
  const { width, height } = image;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${boxes.join('')}${tags.join('')}</svg>`;
  const data = await fromPixels({ width, height, data: pixels })
    .composite([{ input: await sharp(Buffer.from(svg)).png().toBuffer() }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { width, height, data };
}

interface Strokes {
  readonly line: number;
  readonly text: number;
}

/** Lines and text grow with the picture, so that both a thumbnail and a photograph can be read. */
function strokesFor({ width, height }: RgbImage): Strokes {
  const scale = Math.sqrt(width * height) / 640;
  return { line: Math.min(Math.max(2 * scale, 1), 8), text: Math.min(Math.max(14 * scale, 9), 56) };
}

/** The coloured line on a wider translucent dark one: visible on white, on black and on its own colour. */
function boxSvg([x1, y1, x2, y2]: Xyxy, colour: Colour, line: number): string {
  const rect = `x="${x1}" y="${y1}" width="${Math.max(x2 - x1, 0)}" height="${Math.max(y2 - y1, 0)}" rx="${line}" fill="none"`;
  return (
    `<rect ${rect} stroke="#000" stroke-opacity="0.45" stroke-width="${line * 1.9}"/>` +
    `<rect ${rect} stroke="${toHex(colour)}" stroke-width="${line}"/>`
  );
}

interface Labeled {
  readonly instance: DrawnInstance;
  readonly colour: Colour;
  readonly label: string;
}

/** The labels of boxes, which come worst score first. */
function tagsSvg(drawn: readonly Labeled[], strokes: Strokes, image: RgbImage): string[] {
  const labeled = drawn.filter(({ label }) => label !== '');
  const tags = labeled.map(({ instance: { box }, label }) => ({
    box: [box[0] - strokes.line / 2, box[1], box[2], box[3]] as const,
    width: textWidth(label, strokes.text) + 2 * paddingOf(strokes),
    height: strokes.text * 1.4,
  }));
  // The best choose first where they stand.
  const places = placeTags(tags.toReversed(), image).toReversed();
  return labeled.map((one, index) => tagSvg(one, { ...tags[index]!, ...places[index]! }, strokes));
}

function paddingOf({ text }: Strokes): number {
  return text * 0.35;
}

/** A filled tag that holds the text in black or white. */
function tagSvg(
  { colour, label }: Labeled,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  strokes: Strokes,
): string {
  const { line, text } = strokes;
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${text * 0.2}" fill="${toHex(colour)}" ` +
    `stroke="#000" stroke-opacity="0.35" stroke-width="${Math.max(line / 3, 0.5)}"/>` +
    `<path fill="${toHex(inkOn(colour))}" d="${textPath(label, x + paddingOf(strokes), y + text * 1.04, text)}"/>`
  );
}
