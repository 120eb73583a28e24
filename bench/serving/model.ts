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

/** ResNet-18, boxes only, photos of 256 by at most 416 pixels; random weights that find some tens of boxes in any photo. */
const CHANGES = { resizeShortSide: 256, resizeLongSide: 416, masks: false, priorProbability: 0.03 } as const;

export async function makeModel(folder: string): Promise<BenchModel> {
  await openEngine({ engine: 'torch' });
  const config = detectorPreset('resnet18', CHANGES);
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
