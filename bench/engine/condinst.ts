import { writeFileSync } from 'node:fs';
import { createSgd } from '@cassl/engine';
import {
  createDetector,
  detectorPreset,
  type DetectorConfig,
  type TrainStep,
  type TrainingBatch,
} from '@cassl/detector';
import type { Job } from './jobs.ts';
import { randomBatch } from './random-batch.ts';

const learningRate = 1e-4;

export interface BatchSize {
  readonly batchSize: number;
  /** Pixels of a side. */
  readonly size: number;
}

const cpuSize: BatchSize = { batchSize: 2, size: 320 };

export interface CondinstTraining {
  /** Losses, gradients and SGD of one step. On a GPU it returns once all is queued. */
  readonly step: () => void;
  /** Waits for the last step by reading its losses and a weight. */
  readonly read: () => void;
}

/** Training of CondInst on ResNet-18: images with four ellipses each. */
export function condinstTraining(size: BatchSize): CondinstTraining {
  const { config, batch } = condinstWork(size);
  const detector = createDetector(config, { seed: 0 });
  const optimizer = createSgd({ parameters: detector.trainable, momentum: 0.9, weightDecay: () => 1e-4 });
  let last: TrainStep | undefined;
  return {
    step: () => {
      last = detector.gradients(batch);
      optimizer.step(last.gradients, learningRate);
    },
    read: () => {
      last?.losses.dataSync();
      last?.dispose();
      last = undefined;
      detector.trainable[0]!.variable.dataSync();
    },
  };
}

/** A whole training step, to its very end. */
export function condinstJob(size: BatchSize = cpuSize): Job {
  const { step, read } = condinstTraining(size);
  return () => {
    step();
    read();
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
