import type { RgbImage } from '@cassl/vision';
import { uniform } from './random-detector.ts';

/** A picture with structure on all scales. */
export function waves(width: number, height: number, seed = 3): RgbImage {
  const random = uniform(seed);
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) {
    const [channel, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    data[at] = Math.floor(113 + 100 * Math.sin(x / (7 + channel) + y / 11 + seed) + 27 * random());
  }
  return { width, height, data };
}
