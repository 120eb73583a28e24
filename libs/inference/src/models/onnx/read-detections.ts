import type { DetectorConfig, FittedSize, PreparedImage } from '@cassl/detector';
import { createMaskPaster } from '@cassl/detector/fit-image';
import type { Detection, Rle } from '@cassl/vision';

/** A graph's outputs, as `@cassl/onnx` names them. */
export interface GraphOutputs {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  readonly labels: BigInt64Array;
  readonly counts: BigInt64Array;
  /** Of all that the heads said, before anything was selected. */
  readonly sum: number;
  /** Places of each image. */
  readonly places: number;
  readonly masks:
    { readonly values: Float32Array; readonly height: number; readonly width: number } | undefined;
}

export interface ReadOptions {
  readonly config: DetectorConfig;
  readonly image: PreparedImage;
  readonly fit: FittedSize;
  readonly maxDetections: number;
}

/** Detections of image `index`, best first, in pixels of the image as given. */
export function readDetections(outputs: GraphOutputs, index: number, options: ReadOptions): Detection[] {
  const { boxes, scores, labels, places } = outputs;
  const { original } = options.image;
  const { resized } = options.fit;
  const scale = [original.width / resized.width, original.height / resized.height];
  const limit = [original.width, original.height];
  const paste = maskPaster(outputs, options);
  const used = Math.min(Number(outputs.counts[index]), options.maxDetections);
  return Array.from({ length: used }, (_, place) => index * places + place).flatMap((at) => {
    const box = [0, 1, 2, 3].map((side) => {
      const value = (boxes[at * 4 + side] ?? 0) * (scale[side % 2] ?? 1);
      return Math.min(limit[side % 2] ?? 0, Math.max(0, value));
    }) as [number, number, number, number];
    if (box[2] <= box[0] || box[3] <= box[1]) return [];
    const mask = paste?.(at);
    const found = { box, score: scores[at] ?? 0, category: Number(labels[at]) };
    return [mask === undefined ? found : { ...found, mask }];
  });
}

function maskPaster(
  { masks }: GraphOutputs,
  { config, image, fit }: ReadOptions,
): ((at: number) => Rle) | undefined {
  if (masks === undefined) return undefined;
  const { values, height, width } = masks;
  const paste = createMaskPaster({
    map: { height, width },
    factor: 2 ** ((config.levels[0] ?? 3) - 1),
    resized: fit.resized,
    original: image.original,
    threshold: config.maskThreshold,
  });
  return (at) => paste(values.subarray(at * height * width, (at + 1) * height * width));
}
