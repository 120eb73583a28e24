import { invalidArgument } from '@cassl/errors';
import type { TrainingSample } from '@cassl/vision';
import { placeOnCanvas } from './place-on-canvas.ts';
import { resizeSample } from './resize-sample.ts';

/** Four samples at half size in the quarters of a picture of the first one's size; things of all four. */
export function mosaic(samples: readonly TrainingSample[]): TrainingSample {
  const [first] = samples;
  if (first === undefined) throw invalidArgument('mosaic: samples must hold at least one');
  const { width, height } = first.image;
  const half = { width: Math.floor(width / 2), height: Math.floor(height / 2) };
  const data = new Uint8Array(width * height * 3);
  const instances = samples.slice(0, 4).flatMap((sample, index) => {
    const x = (index % 2) * half.width;
    const y = Math.floor(index / 2) * half.height;
    const small = resizeSample(sample, half);
    for (let row = 0; row < half.height; row++) {
      const pixels = small.image.data.subarray(row * half.width * 3, (row + 1) * half.width * 3);
      data.set(pixels, ((y + row) * width + x) * 3);
    }
    return placeOnCanvas(small, { width, height, x, y, fill: 0 }).instances;
  });
  return { key: first.key, image: { width, height, data }, instances };
}
