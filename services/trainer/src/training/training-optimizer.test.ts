import * as tf from '@tensorflow/tfjs-core';
import { createDetector, detectorPreset, type Detector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Schedule, TrainingSpec } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInherited } from './inherited-parts.ts';
import { createTrainingOptimizer, loadOptimizer, optimizerState } from './training-optimizer.ts';

const BACKBONE = 'backbone.bottom_up.conv1.weight';
const CLASSIFIER = 'proposal_generator.fcos_head.cls_logits.weight';
const schedule = Schedule.fromPartial({
  learningRate: 0.01,
  optimizer: 'OPTIMIZER_SGD',
  inheritedRate: 0.25,
});
const fromWarmup = isInherited(
  TrainingSpec.fromPartial({
    initialization: { checkpoint: 'ab', classifier: 'CLASSIFIER_INITIALIZATION_RANDOM' },
  }),
);

let detector: Detector;
beforeAll(async () => {
  await openEngine({ engine: 'cpu', logger: { info: () => undefined, warn: () => undefined } });
  detector = createDetector(detectorPreset('tiny', { classes: 2 }), { seed: 1 });
});
afterAll(() => detector.dispose());

/** How far a step with gradients of one moves the first element of a parameter. */
function moved(optimizer: ReturnType<typeof createTrainingOptimizer>, name: string): number {
  const variable = detector.parameters.get(name)!;
  const before = variable.dataSync()[0]!;
  tf.tidy(() => optimizer.step({ [name]: tf.onesLike(variable) }, 0.01));
  return before - variable.dataSync()[0]!;
}

describe('a training with an inherited rate', () => {
  it('moves what the warmup gave at a part of the rate, and a fresh classifier at all of it', () => {
    const optimizer = createTrainingOptimizer(detector, schedule, fromWarmup);
    expect(moved(optimizer, BACKBONE)).toBeCloseTo(0.0025, 5);
    expect(moved(optimizer, CLASSIFIER)).toBeCloseTo(0.01, 5);
    optimizer.dispose();
  });

  it('moves all alike where nothing was inherited', () => {
    const optimizer = createTrainingOptimizer(detector, schedule, isInherited(TrainingSpec.fromPartial({})));
    expect(moved(optimizer, BACKBONE)).toBeCloseTo(0.01, 5);
    optimizer.dispose();
  });

  it('goes on from its state with the momentum of both groups', async () => {
    const first = createTrainingOptimizer(detector, schedule, fromWarmup);
    moved(first, BACKBONE);
    moved(first, CLASSIFIER);
    const second = createTrainingOptimizer(detector, schedule, fromWarmup);
    loadOptimizer(second, await optimizerState(first));
    expect(moved(second, BACKBONE)).toBeCloseTo(0.0025 * 1.9, 5);
    expect(moved(second, CLASSIFIER)).toBeCloseTo(0.01 * 1.9, 5);
  });
});
