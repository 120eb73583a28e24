import { detectionKernels } from '@cassl/engine';
import type { RgbImage } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import type { DetectorConfig } from '../config.ts';
import { createNormaliser } from '../normalise-image.ts';
import type { MapSize } from '../pyramid.ts';

/** A picture and its size in the network's input: its own, or a larger one. */
export interface PlacedImage {
  readonly pixels: RgbImage;
  readonly resized: MapSize;
}

/** The network's input [B, height, width, 3]: each picture normalised, enlarged, in the top left corner of its frame. */
export function placeImages(
  config: DetectorConfig,
  images: readonly PlacedImage[],
  frame: MapSize,
): tf.Tensor4D {
  const native = detectionKernels();
  if (native === undefined) return placeInPlain(config, images, frame);
  const pictures = images.map(({ pixels: { data, height, width }, resized }) => ({
    pixels: data,
    height,
    width,
    placedHeight: resized.height,
    placedWidth: resized.width,
  }));
  const { pixelMean: mean, pixelStd: deviation, channelOrder } = config;
  return native.placeImages(pictures, { ...frame, mean, deviation, blueFirst: channelOrder === 'bgr' });
}

/** The definition, bit for bit: normalised, then half-pixel bilinear in float32, rows before columns. */
export function placeInPlain(
  config: DetectorConfig,
  images: readonly PlacedImage[],
  { height, width }: MapSize,
): tf.Tensor4D {
  const values = new Float32Array(images.length * height * width * 3);
  const normalise = createNormaliser(config);
  images.forEach(({ pixels, resized }, index) => {
    const offset = index * height * width * 3;
    if (pixels.height === resized.height && pixels.width === resized.width)
      normalise(pixels, values, offset, width);
    else {
      const small = new Float32Array(pixels.height * pixels.width * 3);
      normalise(pixels, small, 0, pixels.width);
      enlarge(small, pixels, resized, values.subarray(offset), width);
    }
  });
  return tf.tensor4d(values, [images.length, height, width, 3]);
}

function enlarge(
  values: Float32Array,
  { height, width }: MapSize,
  resized: MapSize,
  out: Float32Array,
  frameWidth: number,
): void {
  const { fround } = Math;
  const rows = neighbours(height, resized.height);
  const columns = neighbours(width, resized.width);
  const blended = new Float32Array(width * 3);
  const between = (a: number, b: number, share: number): number => fround(a + fround(fround(b - a) * share));
  for (let y = 0; y < resized.height; y++) {
    const [top, bottom] = [rows.low[y]! * width * 3, rows.high[y]! * width * 3];
    for (let i = 0; i < blended.length; i++)
      blended[i] = between(values[top + i]!, values[bottom + i]!, rows.share[y]!);
    for (let x = 0, target = y * frameWidth * 3; x < resized.width; x++, target += 3) {
      const [left, right] = [columns.low[x]! * 3, columns.high[x]! * 3];
      for (let channel = 0; channel < 3; channel++)
        out[target + channel] = between(
          blended[left + channel]!,
          blended[right + channel]!,
          columns.share[x]!,
        );
    }
  }
}

/** For each output of one axis its two neighbours and the share of the second. */
function neighbours(from: number, to: number): { low: Int32Array; high: Int32Array; share: Float32Array } {
  const axis = { low: new Int32Array(to), high: new Int32Array(to), share: new Float32Array(to) };
  for (let out = 0; out < to; out++) {
    const position = Math.max(0, ((out + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(position), from - 1);
    axis.low[out] = low;
    axis.high[out] = Math.min(low + 1, from - 1);
    axis.share[out] = position - low;
  }
  return axis;
}
