import type { RgbImage } from '@cassl/vision';
import type { DetectorConfig } from './config.ts';

/** Writes (pixel − mean) / std into the top left corner of one [height, width, 3] frame; the rest keeps its zeros. */
export function createNormaliser(
  config: DetectorConfig,
): (image: RgbImage, out: Float32Array, offset: number, frameWidth: number) => void {
  const table = config.pixelMean.map((mean, channel) =>
    Float32Array.from({ length: 256 }, (_, value) => (value - mean) / config.pixelStd[channel]!),
  );
  const [first, second, third] = table as [Float32Array, Float32Array, Float32Array];
  const red = config.channelOrder === 'rgb' ? 0 : 2;
  return (image, out, offset, frameWidth) => {
    const { width, height, data } = image;
    for (let y = 0; y < height; y++) {
      let source = y * width * 3;
      let target = offset + y * frameWidth * 3;
      for (let x = 0; x < width; x++, source += 3, target += 3) {
        out[target] = first[data[source + red]!]!;
        out[target + 1] = second[data[source + 1]!]!;
        out[target + 2] = third[data[source + 2 - red]!]!;
      }
    }
  };
}
