import type { Detector } from '@cassl/detector';
import { fitImage } from '@cassl/detector/fit-image';
import type { Checkpoint } from '@cassl/proto';
import type { InferenceOptions } from '@cassl/workers';
import { openModel } from '@cassl/workers/open-model';
import { applyOptions } from './apply-options.ts';
import type { BatchModel } from './batch-model.ts';
import { checkOutputs, WARM_UP, warmUpImage } from './warm-up.ts';

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
    warmUp: async () => {
      const image = warmUpImage(config);
      checkOutputs(await detector.sumOfOutputs([image]));
      await detect([image], [WARM_UP]);
    },
    dispose: () => detector.dispose(),
    config,
    engine,
  };
}

function limitsOf({ maxDetections, masks, nonOverlap }: InferenceOptions): {
  maxDetections: number;
  masks: boolean;
} {
  return { maxDetections, masks: masks || nonOverlap };
}
