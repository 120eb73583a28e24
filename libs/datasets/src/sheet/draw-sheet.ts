import sharp from 'sharp';
import { invalidArgument } from '@cassl/errors';
import {
  drawDetections,
  encodeMask,
  encodePng,
  instanceColour,
  type Colour,
  type RgbImage,
  type TrainingSample,
} from '@cassl/vision';
import { fitInside } from '../augment/fit-inside.ts';
import { resizeSample } from '../augment/resize-sample.ts';
import { sheetEntries } from './sheet-entries.ts';

export interface DrawSheetOptions {
  /** The first is shown, the others lend themselves to mosaics. At least one. */
  readonly samples: readonly TrainingSample[];
  /** Size given to the policies, pixels. @default the longer side of the first picture */
  readonly size?: number | undefined;
  readonly seed: number;
}

export const sheetColumns = 7;
export const sheetCellPixels = 300;
const marginPixels = 4;
const captionPixels = 24;
const paper: Colour = [255, 255, 255];

/**
 * A PNG with the example under every augmentation operator and policy, each under its name and size, with boxes and masks
 * in colours that stay with their things, for a person to judge.
 */
export async function drawAugmentationSheet({ samples, size, seed }: DrawSheetOptions): Promise<Uint8Array> {
  const [first] = samples;
  if (first === undefined) throw invalidArgument('augmentation sheet: samples must hold at least one');
  const policySize = size ?? Math.max(first.image.width, first.image.height);
  const numbered = withNumbers(samples);
  const cells: RgbImage[] = [];
  for (const { caption, make } of sheetEntries(numbered, policySize, seed)) {
    cells.push(await drawCell(await make(numbered[0]!), caption));
  }
  const placed = placeInRows(cells);
  const height = Math.max(...placed.map(({ cell, top }) => top + cell.height));
  return sharp({
    create: { width: sheetColumns * sheetCellPixels, height, channels: 3, background: '#fff' },
  })
    .composite(
      await Promise.all(
        placed.map(async ({ cell, left, top }) => ({ input: Buffer.from(await encodePng(cell)), left, top })),
      ),
    )
    .png()
    .toBuffer();
}

/** Every thing of every sample gets a number of its own as category: no operator looks at it, and it tells who is who. */
function withNumbers(samples: readonly TrainingSample[]): TrainingSample[] {
  let number = 0;
  return samples.map((sample) => ({
    ...sample,
    instances: sample.instances.map((instance) => ({ ...instance, category: number++ })),
  }));
}

interface PlacedCell {
  readonly cell: RgbImage;
  readonly left: number;
  readonly top: number;
}

/** Rows are as high as their highest cell. */
function placeInRows(cells: readonly RgbImage[]): PlacedCell[] {
  const placed: PlacedCell[] = [];
  let top = 0;
  for (let start = 0; start < cells.length; start += sheetColumns) {
    const row = cells.slice(start, start + sheetColumns);
    for (const [column, cell] of row.entries()) placed.push({ cell, left: column * sheetCellPixels, top });
    top += Math.max(...row.map(({ height }) => height));
  }
  return placed;
}

/** The sample fitted into its cell under its caption. */
async function drawCell(sample: TrainingSample, caption: string): Promise<RgbImage> {
  const shown = resizeSample(sample, fitInside(sample.image, sheetCellPixels - 2 * marginPixels));
  const instances = shown.instances.map(({ box, mask }) =>
    mask === undefined ? { box } : { box, mask: encodeMask(mask) },
  );
  const drawn = await drawDetections(shown.image, instances, {
    colours: shown.instances.map(({ category }) => instanceColour(category)),
  });
  const cell = blank(sheetCellPixels, drawn.height + captionPixels + marginPixels);
  for (let row = 0; row < drawn.height; row++) {
    const pixels = drawn.data.subarray(row * drawn.width * 3, (row + 1) * drawn.width * 3);
    cell.data.set(pixels, ((row + captionPixels) * cell.width + marginPixels) * 3);
  }
  const { width, height } = sample.image;
  return drawDetections(cell, [{ box: [marginPixels, 2, marginPixels, 2] }], {
    labels: [`${caption}  ${width}x${height}`],
    colours: [paper],
  });
}

function blank(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(255) };
}
