import { writeFileSync } from 'node:fs';
import { createSgd } from '@cassl/engine';
import { createDetector, detectorPreset, type DetectorConfig, type TrainingBatch } from '@cassl/detector';
import type { Job } from './jobs.ts';
import { randomBatch } from './random-batch.ts';

const learningRate = 1e-4;

interface BatchSize {
  readonly batchSize: number;
  /** Pixels of a side. */
  readonly size: number;
}

const cpuSize: BatchSize = { batchSize: 2, size: 320 };

/** A whole training step of CondInst on ResNet-18: images with four ellipses each, losses, gradients, SGD. */
export function condinstJob(size: BatchSize = cpuSize): Job {
  const { config, batch } = condinstWork(size);
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

function condinstWork(size: BatchSize): { config: DetectorConfig; batch: TrainingBatch } {
  // Every layer learns and no norm is frozen: the same work is asked of both programs.
  const config = detectorPreset('resnet18', { classes: 1, backboneNorm: 'group' });
  return { config, batch: randomBatch(config, { ...size, seed: 0 }) };
}

/** The same work for `condinst_step.py`: config, images (base64 of float32) and targets, as JSON. */
export function writeCondinstWork(file: string, size: BatchSize = cpuSize): void {
  const { config, batch } = condinstWork(size);
  const images = Buffer.from(batch.images.buffer, batch.images.byteOffset, batch.images.byteLength).toString(
    'base64',
  );
  const plain = (value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  const work = { config, batch: { ...batch, images }, learningRate };
  writeFileSync(
    file,
    JSON.stringify(work, (_, value) => plain(value)),
  );
}
