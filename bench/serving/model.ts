import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset, type DetectorConfig } from '@cassl/detector';
import { openEngine } from '@cassl/engine';

/** One detector for every server of a run. */
export interface BenchModel {
  readonly config: DetectorConfig;
  /** safetensors */
  readonly weights: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A small one: 3 GFLOP a photo, as much as the small detectors that people serve on processors. */
export const SMALL_SIDE = 160;
/** Of its input, as 4:3 and wider photos need. */
const LONG_BY_SHORT = 1.625;

/**
 * ResNet-18, boxes only, photos of `side` by at most 1.625 times as many pixels; random weights that find some tens of boxes in any
 * photo. The larger the side, the more of each server's time is the same convolutions: at 256 they are nine tenths of it.
 */
export async function makeModel(folder: string, side = SMALL_SIDE): Promise<BenchModel> {
  await openEngine({ engine: 'torch' });
  const config = detectorPreset('resnet18', {
    resizeShortSide: side,
    resizeLongSide: Math.round(side * LONG_BY_SHORT),
    masks: false,
    priorProbability: 0.03,
  });
  const detector = createDetector(config, { seed: 1 });
  const weights = join(folder, 'weights.safetensors');
  await writeSafetensors(weights, await detector.stateDict());
  detector.dispose();
  const bytes = await readFile(weights);
  return {
    config,
    weights,
    digest: createHash('sha256').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
  };
}
