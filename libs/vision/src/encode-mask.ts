import type { BinaryMask, Rle } from './types.ts';

/** Run-length encodes a row-major mask column by column, as maskApi's `rleEncode` does: the first run counts zeros. */
export function encodeMask(mask: BinaryMask): Rle {
  const { width, height, data } = mask;
  let counts = new Uint32Array(64);
  let used = 0;
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let index = x, end = width * height; index < end; index += width) {
      const pixel = data[index] === 0 ? 0 : 1;
      if (pixel !== value) {
        if (used + 1 >= counts.length) counts = grown(counts);
        counts[used++] = run;
        value = pixel;
        run = 0;
      }
      run++;
    }
  }
  counts[used++] = run;
  return { height, width, counts: counts.slice(0, used) };
}

function grown(counts: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(counts.length * 2);
  larger.set(counts);
  return larger;
}
