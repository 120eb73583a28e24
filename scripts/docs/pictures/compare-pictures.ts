import type { RgbImage } from '@cassl/vision';

/** Side of the blocks whose mean colours are compared: text that says other numbers changes them little, another layout much. */
const BLOCK_PX = 16;
/** Of 255; the mean of a block with a line of text lies 20 to 60 below that of an empty one. */
const DIFFERENT = 14;

/** The share of a page that may look otherwise. Measured: the same page after another run 0 to 0.06, another page 0.34. */
export const ALLOWED = 0.1;

/**
 * The share of a page, 0 to 1, that looks otherwise in the other picture; what only one of them has counts as different.
 * @param height pixels from the top that count
 */
export function pictureDistance(one: RgbImage, other: RgbImage, height = Infinity): number {
  const columns = Math.ceil(Math.max(one.width, other.width) / BLOCK_PX);
  const rows = Math.ceil(Math.min(height, Math.max(one.height, other.height)) / BLOCK_PX);
  let different = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [a, b] = [meanOf(one, column, row), meanOf(other, column, row)];
      const isSame =
        a !== undefined &&
        b !== undefined &&
        a.every((value, at) => Math.abs(value - (b[at] ?? 0)) <= DIFFERENT);
      if (!isSame) different += 1;
    }
  return different / (columns * rows);
}

/** Mean colour of a block; `undefined` outside of the picture. */
function meanOf(
  { width, height, data }: RgbImage,
  column: number,
  row: number,
): readonly number[] | undefined {
  const sum = [0, 0, 0];
  let pixels = 0;
  for (let y = row * BLOCK_PX; y < Math.min(height, (row + 1) * BLOCK_PX); y++)
    for (let x = column * BLOCK_PX; x < Math.min(width, (column + 1) * BLOCK_PX); x++) {
      for (let channel = 0; channel < 3; channel++)
        sum[channel] = (sum[channel] ?? 0) + (data[(y * width + x) * 3 + channel] ?? 0);
      pixels += 1;
    }
  return pixels === 0 ? undefined : sum.map((value) => value / pixels);
}
