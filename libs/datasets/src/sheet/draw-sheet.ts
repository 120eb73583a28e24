import sharp from 'sharp';
import { invalidArgument } from '@cassl/errors';
import { drawDetections, encodeMask, encodePng, type RgbImage, type TrainingSample } from '@cassl/vision';
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

const columns = 7;
const cellPixels = 220;
const captionPixels = 20;

/** A PNG with the example under every augmentation operator and policy, boxes and masks drawn, for a person to judge. */
export async function drawAugmentationSheet({ samples, size, seed }: DrawSheetOptions): Promise<Uint8Array> {
  const [sample] = samples;
  if (sample === undefined) throw invalidArgument('augmentation sheet: samples must hold at least one');
  const policySize = size ?? Math.max(sample.image.width, sample.image.height);
  const cells = [];
  for (const { caption, make } of sheetEntries(samples, policySize, seed)) {
    cells.push(await drawCell(await make(sample), caption));
  }
  const rows = Math.ceil(cells.length / columns);
  const height = cellPixels + captionPixels;
  return sharp({
    create: { width: columns * cellPixels, height: rows * height, channels: 3, background: '#fff' },
  })
    .composite(
      await Promise.all(
        cells.map(async (cell, index) => ({
          input: Buffer.from(await encodePng(cell)),
          left: (index % columns) * cellPixels,
          top: Math.floor(index / columns) * height,
        })),
      ),
    )
    .png()
    .toBuffer();
}

/** The sample fitted into its cell under its caption. */
async function drawCell(sample: TrainingSample, caption: string): Promise<RgbImage> {
  const side = cellPixels - 6;
  const shown = resizeSample(sample, { ...fitInside(sample.image, side), interpolation: 'nearest' });
  const instances = shown.instances.map(({ box, mask }) =>
    mask === undefined ? { box } : { box, mask: encodeMask(mask) },
  );
  const drawn = await drawDetections(shown.image, instances);
  const cell = blank(cellPixels, cellPixels + captionPixels);
  for (let row = 0; row < drawn.height; row++) {
    const pixels = drawn.data.subarray(row * drawn.width * 3, (row + 1) * drawn.width * 3);
    cell.data.set(pixels, ((row + captionPixels) * cell.width + 3) * 3);
  }
  return drawDetections(cell, [{ box: [3, 0, 3, 0] }], {
    labels: [`${caption}  ${sample.image.width}x${sample.image.height}`],
  });
}

function blank(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(255) };
}
