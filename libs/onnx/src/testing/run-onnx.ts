import type { Detector } from '@cassl/detector';
import { createMaskPaster, type DetectorConfig } from '@cassl/detector/fit-image';
import type { ImageSize, RgbImage, Rle } from '@cassl/vision';
import * as ort from 'onnxruntime-node';
import { networkInput } from './network-input.ts';

export interface FoundBox {
  readonly box: readonly [number, number, number, number];
  readonly score: number;
  readonly category: number;
  readonly mask?: Rle;
}

/** Runs a written model on images that fit the network as they are. */
export function runOnnx(
  session: ort.InferenceSession,
  detector: Detector,
  images: readonly RgbImage[],
): Promise<ort.InferenceSession.OnnxValueMapType> {
  const { values, shape } = networkInput(detector.config, images);
  return session.run({ images: new ort.Tensor('float32', values, shape) });
}

/** The used places of image `index`, clipped to its own size, with masks where the model has them. */
export function foundIn(
  outputs: ort.InferenceSession.OnnxValueMapType,
  index: number,
  image: ImageSize,
  config: DetectorConfig,
): FoundBox[] {
  const most = outputs['scores']!.dims[1]!;
  const count = Number((outputs['counts']!.data as BigInt64Array)[index]);
  const maskAt = masksOf(outputs, image, config);
  const { boxes, scores, labels } = outputs as unknown as Record<string, { data: Float32Array }>;
  return Array.from({ length: count }, (_, place): FoundBox => {
    const at = index * most + place;
    const mask = maskAt?.(at);
    const [x1, y1, x2, y2] = [...boxes!.data.subarray(at * 4, at * 4 + 4)].map((value, side) =>
      Math.min(side % 2 === 0 ? image.width : image.height, Math.max(0, value)),
    ) as [number, number, number, number];
    return {
      box: [x1, y1, x2, y2],
      score: scores!.data[at]!,
      category: Number(labels!.data[at]),
      ...(mask === undefined ? {} : { mask }),
    };
  }).filter(({ box }) => box[2] > box[0] && box[3] > box[1]);
}

function masksOf(
  outputs: ort.InferenceSession.OnnxValueMapType,
  image: ImageSize,
  config: DetectorConfig,
): ((at: number) => Rle) | undefined {
  const masks = outputs['masks'];
  if (masks === undefined) return undefined;
  const [height, width] = masks.dims.slice(2) as [number, number];
  const paste = createMaskPaster({
    map: { height, width },
    factor: 2 ** (config.levels[0]! - 1),
    resized: image,
    original: image,
    threshold: config.maskThreshold,
  });
  const data = masks.data as Float32Array;
  return (at) => paste(data.subarray(at * height * width, (at + 1) * height * width));
}
