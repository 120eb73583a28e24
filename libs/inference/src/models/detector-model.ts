import { fitImage, type Detector, type PreparedImage } from '@cassl/detector';
import type { Checkpoint } from '@cassl/proto';
import { resolveOverlaps, type Detection } from '@cassl/vision';
import { openModel, type InferenceOptions } from '@cassl/workers';
import type { BatchModel } from './batch-model.ts';

/** A checkpoint of the registry on this process's engine. */
export async function openDetectorModel(
  checkpoint: Checkpoint,
  path: string,
  engine: string,
): Promise<BatchModel> {
  const { detector } = await openModel(checkpoint, path);
  return detectorModel(detector, engine);
}

export function detectorModel(detector: Detector, engine: string): BatchModel {
  const { config } = detector;
  const detect: BatchModel['detect'] = async (images, options) => {
    const startedAt = performance.now();
    const found = await detector.detectBatch(images, options.map(limitsOf));
    const computedAt = performance.now();
    const detections = options.map((wanted, index) => applyOptions(found[index] ?? [], wanted));
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
  { threshold, masks, nonOverlap }: InferenceOptions,
): Detection[] {
  const resolved = nonOverlap ? resolveOverlaps(detections) : detections;
  const kept = resolved.filter(({ score }) => score > threshold);
  return masks ? kept : kept.map(({ box, score, category }) => ({ box, score, category }));
}
