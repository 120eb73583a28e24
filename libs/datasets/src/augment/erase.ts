import type { RgbImage } from '@cassl/vision';
import type { Random } from '../random.ts';

/** Soft Teacher's RandErase: 1 to 4 patches of one share U(0, 0.2) of the sides, filled with 125; labels stay. */
export function erasePatches({ width, height, data }: RgbImage, random: Random): RgbImage {
  const erased = Uint8Array.from(data);
  const patches = random.integer(1, 4);
  const share = random.uniform(0, 0.2);
  const patchWidth = Math.trunc(share * width);
  const patchHeight = Math.trunc(share * height);
  for (let patch = 0; patch < patches; patch++) {
    const left = random.integer(0, width - patchWidth);
    const top = random.integer(0, height - patchHeight);
    for (let y = top; y < top + patchHeight; y++) {
      erased.fill(125, (y * width + left) * 3, (y * width + left + patchWidth) * 3);
    }
  }
  return { width, height, data: erased };
}
