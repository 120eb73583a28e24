import { fitImage, type DetectorConfig } from '@cassl/detector/fit-image';
import type { RgbImage } from '@cassl/vision';

/** Images of the network's own size as `images` of the graph, [B, 3, H, W], padded with the mean pixel as our engine pads with 0. */
export function networkInput(
  config: DetectorConfig,
  images: readonly RgbImage[],
): { values: Float32Array; shape: number[] } {
  const { padded } = fitImage(config, images[0]!);
  const area = padded.height * padded.width;
  const mean = config.channelOrder === 'rgb' ? config.pixelMean : [...config.pixelMean].reverse();
  const values = new Float32Array(images.length * 3 * area);
  images.forEach(({ width, height, data }, index) => {
    for (let channel = 0; channel < 3; channel++) {
      const first = (index * 3 + channel) * area;
      const plane = values.subarray(first, first + area).fill(mean[channel]!);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) plane[y * padded.width + x] = data[(y * width + x) * 3 + channel]!;
      }
    }
  });
  return { values, shape: [images.length, 3, padded.height, padded.width] };
}
