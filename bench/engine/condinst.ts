import { writeFileSync } from 'node:fs';
import { createSgd } from '@cassl/engine';
import { createDetector, detectorPreset, type DetectorConfig, type TrainingBatch } from '@cassl/detector';
import type { Job } from './jobs.ts';
import { randomBatch } from './random-batch.ts';

const learningRate = 1e-4;

/** A whole training step of CondInst on ResNet-18: batch 2 of 320 px with eight ellipses, losses, SGD. */
export function condinstJob(): Job {
  const { config, batch } = condinstWork();
  const detector = createDetector(config, { seed: 0 });
  const optimizer = createSgd({ parameters: detector.trainable, momentum: 0.9, weightDecay: () => 1e-4 });
  return () => {
    const step = detector.gradients(batch);
    optimizer.step(step.gradients, learningRate);
    step.losses.dataSync();
    step.dispose();
    detector.trainable[0]!.variable.dataSync();
  };
}

function condinstWork(): { config: DetectorConfig; batch: TrainingBatch } {
  // Every layer learns and no norm is frozen: the same work is asked of both programs.
  const config = detectorPreset('resnet18', { classes: 1, backboneNorm: 'group' });
  return { config, batch: randomBatch(config, { batchSize: 2, size: 320, seed: 0 }) };
}

/** The same work for `condinst_step.py`: the config, the images and the targets, as JSON. */
export function writeCondinstWork(file: string): void {
  const { config, batch } = condinstWork();
  const plain = (value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  writeFileSync(
    file,
    JSON.stringify({ config, batch, learningRate }, (_, value) => plain(value)),
  );
}
