import { openEngine } from '@cassl/engine';
import type { TrainingSample } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { joinSurveys } from '../batch-part.ts';
import type { DetectorConfigInput } from '../config.ts';
import { createDetector, type Detector } from '../detector.ts';
import { prepareBatch, surveyBatch } from '../prepare-batch.ts';
import { shapeSamples } from '../testing/shape-samples.ts';
import { countBatch, type TrainingBatch } from '../training-batch.ts';

beforeAll(() => openEngine({ logger: { info: () => undefined, warn: () => undefined } }));

const MINI: DetectorConfigInput = {
  classes: 3,
  backbone: 'resnet-small',
  backboneStages: 3,
  backboneWidths: [8, 8, 8],
  backboneBlocks: [1, 1, 1],
  backboneNorm: 'group',
  backboneGroups: 2,
  pyramidInputs: [3, 4],
  levels: [3, 4, 5],
  rangeLimits: [24, 48],
  maskLevels: 2,
  pyramidChannels: 8,
  towerConvolutions: 1,
  towerGroups: 2,
  maskChannels: 8,
  maskConvolutions: 1,
  maskNorm: 'group',
  maskGroups: 2,
  // Fewer than there are positives, so that the draw is over the whole batch.
  maxMaskInstances: 12,
  boxBias: 1,
};

const VARIANTS: [string, DetectorConfigInput][] = [
  ['CondInst', {}],
  ['the IoU quality, moving normaliser', { boxQuality: 'iou', normaliser: 'moving-average' }],
  ['the entity extras', { kernelHead: 'coordinates', kernelBank: true, overlapWeight: 0.5 }],
  ['FCOS', { masks: false }],
  [
    'Swin with drop path',
    {
      backbone: 'swin-small',
      backboneStages: 4,
      backboneWidths: [8, 16, 32, 64],
      backboneBlocks: [1, 1, 1, 1],
      attentionHeads: 2,
      window: 4,
      dropPath: 0.5,
    },
  ],
];

/** Images of two sizes; one without a label, which is a part of its own. */
const SAMPLES: TrainingSample[] = [
  ...shapeSamples(2, 32, 11),
  { ...shapeSamples(1, 32, 12)[0]!, instances: [] },
  ...shapeSamples(1, 64, 13),
];
const PARTS = [SAMPLES.slice(0, 2), SAMPLES.slice(2, 3), SAMPLES.slice(3)];

/** What each of three processes would prepare after they told each other what they have. */
function inParts(detector: Detector): TrainingBatch[] {
  const surveys = PARTS.map((samples) => surveyBatch(detector.config, samples));
  const parts = PARTS.map((samples, rank) => {
    const part = joinSurveys(surveys, rank);
    return { part, batch: prepareBatch(detector.config, samples, { part }) };
  });
  const counts = parts.map(({ batch }) => countBatch(batch));
  const sum = (name: keyof (typeof counts)[number]): number =>
    counts.reduce((total, count) => total + count[name], 0);
  return parts.map(({ part, batch }) => ({
    ...batch,
    whole: {
      firstImage: part.firstImage,
      images: sum('images'),
      positives: sum('positives'),
      centerness: sum('centerness'),
      masks: sum('masks'),
      truths: sum('truths'),
    },
  }));
}

describe('the parts of a batch', () => {
  it.each(VARIANTS)('add up to its losses and gradients: %s', (_, changes) => {
    const config = { ...MINI, ...changes };
    const gradients = (batch: (detector: Detector) => TrainingBatch): Record<string, Float32Array> => {
      const detector = createDetector(config, { seed: 3 });
      const step = detector.gradients(batch(detector));
      const values = { losses: step.losses, ...step.gradients };
      const read = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, Float32Array.from(value.dataSync())]),
      );
      step.dispose();
      detector.dispose();
      return read;
    };
    const before = tf.memory().numTensors;
    const whole = gradients((detector) => prepareBatch(detector.config, SAMPLES));
    const parts = PARTS.map((_part, rank) => gradients((detector) => inParts(detector)[rank]!));
    for (const [name, expected] of Object.entries(whole)) {
      const sum = expected.map((_value, at) => parts.reduce((total, part) => total + part[name]![at]!, 0));
      const scale = Math.max(...expected.map(Math.abs), 1e-3);
      const error = Math.max(...expected.map((value, at) => Math.abs(value - sum[at]!))) / scale;
      expect(error, name).toBeLessThan(2e-5);
    }
    expect(whole['losses']![0]).toBeGreaterThan(0.1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('share one frame, whichever part has the largest image', () => {
    const detector = createDetector(MINI);
    const whole = prepareBatch(detector.config, SAMPLES);
    const parts = inParts(detector);
    expect(parts.map(({ height, width }) => [height, width])).toEqual(
      PARTS.map(() => [whole.height, whole.width]),
    );
    expect(parts.map(({ positives }) => positives.isPlaceholder ?? false)).toEqual([false, true, false]);
    expect(parts.reduce((sum, { masks }) => sum + masks!.count, 0)).toBe(12);
    detector.dispose();
  });
});
