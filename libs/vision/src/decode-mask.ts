import { invalidArgument } from '@cassl/errors';
import type { BinaryMask, Rle } from './types.ts';

/**
 * The pixels of a run-length encoded mask.
 * @throws INVALID_ARGUMENT when the runs do not add up to `height * width`.
 */
export function decodeMask(rle: Rle): BinaryMask {
  const { height, width, counts } = rle;
  assertCoversImage(rle);
  const data = new Uint8Array(height * width);
  let position = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = position + counts[run]!;
    if (run % 2 === 1) fillColumns(data, width, height, position, end);
    position = end;
  }
  return { width, height, data };
}

/** @throws INVALID_ARGUMENT when the runs do not add up to `height * width`. */
export function assertCoversImage({ height, width, counts }: Rle): void {
  let pixels = 0;
  for (const count of counts) pixels += count;
  if (pixels !== height * width) {
    throw invalidArgument(
      `RLE runs add up to ${pixels} pixels, but its size is ${height} x ${width} = ${height * width}`,
    );
  }
}

function fillColumns(data: Uint8Array, width: number, height: number, start: number, end: number): void {
  let x = Math.floor(start / height);
  let y = start - x * height;
  for (let left = end - start; left > 0; x++, y = 0) {
    const rows = Math.min(left, height - y);
    for (let index = y * width + x, stop = index + rows * width; index < stop; index += width)
      data[index] = 1;
    left -= rows;
  }
}
