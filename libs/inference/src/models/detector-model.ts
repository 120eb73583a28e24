import { fitImage, type PreparedImage } from '@cassl/detector';
import type { Checkpoint } from '@cassl/proto';
import { resolveOverlaps, rleToString, type Detection } from '@cassl/vision';
import { openModel, type InferenceOptions } from '@cassl/workers';
import type { FoundObject } from '../inference-request.ts';
import type { BatchModel } from './batch-model.ts';

/** A checkpoint of the registry on this process's engine. */
export async function openDetectorModel(
  checkpoint: Checkpoint,
  path: string,
  engine: string,
): Promise<BatchModel> {
  const { detector } = await openModel(checkpoint, path);
  const { config } = detector;
  const detect: BatchModel['detect'] = async (images, options) => {
    const startedAt = performance.now();
    const found = await detector.detectBatch(images, options.map(limitsOf));
    const computedAt = performance.now();
    const detections = found.map((list, index) => applyOptions(list, options[index]));
    return {
      detections,
      computeMs: computedAt - startedAt,
      outputMs: performance.now() - computedAt,
    };
  };
  return {
    fit: (original) => fitImage(config, original),
    detect,
    // Landscape, the usual one: a convolution's first call at a shape chooses and packs.
    warmUp: async () => {
      await detect([blank(config.resizeLongSide, config.resizeShortSide)], [WARM_UP]);
    },
    dispose: () => detector.dispose(),
    config,
    engine,
  };
}

const WARM_UP: InferenceOptions = { threshold: 0.05, maxDetections: 100, masks: true, nonOverlap: false };

function blank(width: number, height: number): PreparedImage {
  const data = new Uint8Array(width * height * 3).fill(127);
  return { pixels: { width, height, data }, original: { width, height } };
}

function limitsOf({ maxDetections, masks, nonOverlap }: InferenceOptions): {
  maxDetections: number;
  masks: boolean;
} {
  return { maxDetections, masks: masks || nonOverlap };
}

function applyOptions(
  detections: readonly Detection[],
  options: InferenceOptions | undefined,
): readonly FoundObject[] {
  if (options === undefined) return [];
  const { threshold, masks, nonOverlap } = options;
  const resolved = nonOverlap ? resolveOverlaps(detections) : detections;
  return resolved
    .filter(({ score }) => score > threshold)
    .map(({ box, score, category, mask }) =>
      mask === undefined || !masks
        ? { box, score, category }
        : { box, score, category, mask: { ...sizeOf(mask), counts: rleToString(mask) } },
    );
}

function sizeOf({ height, width }: { height: number; width: number }): { height: number; width: number } {
  return { height, width };
}
