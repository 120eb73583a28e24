import { createAdamW, openEngine } from '@cassl/engine';
import { createCocoEvaluator } from '@cassl/metrics';
import { encodeMask, type TrainingSample } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { DetectorConfigInput } from './config.ts';
import { createDetector, type Detector, readLosses } from './detector.ts';
import { prepareBatch } from './prepare-batch.ts';
import { detectorPreset } from './presets.ts';
import { learningRateAt } from './schedule/learning-rate.ts';
import { weightDecayFor } from './schedule/weight-decay.ts';
import { shapeSamples } from './testing/shape-samples.ts';

const quiet = { info: () => {}, warn: () => {} };
const engine = await openEngine({ logger: quiet });

/** A few thousand weights: every part of the model, small enough for finite differences and any engine. */
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
  maxMaskInstances: 8,
  boxBias: 1,
};

const MINI_SWIN: DetectorConfigInput = {
  backbone: 'swin-small',
  backboneStages: 4,
  backboneWidths: [8, 16, 32, 64],
  backboneBlocks: [1, 1, 1, 1],
  attentionHeads: 2,
  window: 4,
  dropPath: 0,
};

const VARIANTS: [string, DetectorConfigInput][] = [
  ['CondInst', {}],
  ['CondInst with live batch norms', { maskNorm: 'batch', backboneNorm: 'batch' }],
  ['FCOS', { masks: false }],
  ['the IoU quality', { boxQuality: 'iou' }],
  [
    'the entity extras',
    { kernelHead: 'coordinates', kernelBank: true, overlapWeight: 0.5, predictorBias: false },
  ],
  ['recomputed stages', { recompute: true }],
  ['recomputed Swin', { ...MINI_SWIN, recompute: true }],
  ['frozen stages', { frozenStages: 2, backboneNorm: 'frozen-batch' }],
];

const lossOf = (detector: Detector, batch: Parameters<Detector['loss']>[0]): number =>
  tf.tidy(() => detector.loss(batch).total.dataSync()[0]!);

describe('detector', () => {
  it.each(VARIANTS)('%s: the gradient points where the loss falls, at the rate it says', (_, changes) => {
    const config = { ...MINI, ...changes };
    const detector = createDetector(config, { seed: 3 });
    const batch = prepareBatch(detector.config, shapeSamples(2, 64, 11));
    const step = detector.gradients(batch);
    const squared = tf.tidy(
      () =>
        tf.addN(Object.values(step.gradients).map((gradient) => tf.sum(tf.square(gradient)))).dataSync()[0]!,
    );
    // Along the gradient the loss changes by ±ε |g|²: a check of every weight at once.
    const epsilon = 2e-3 / Math.sqrt(squared);
    const move = (by: number): void => {
      for (const { name, variable } of detector.trainable) {
        tf.tidy(() => {
          variable.assign(tf.add(variable, tf.mul(step.gradients[name]!, by)));
        });
      }
    };
    move(epsilon);
    const above = lossOf(detector, batch);
    move(-2 * epsilon);
    const below = lossOf(detector, batch);
    expect((above - below) / (2 * epsilon * squared)).toBeCloseTo(1, 1);
    step.dispose();
    detector.dispose();
  });

  it('trains with nothing but background', async () => {
    const detector = createDetector(MINI);
    const [sample] = shapeSamples(1, 64, 1);
    const step = detector.gradients(prepareBatch(detector.config, [{ ...sample!, instances: [] }]));
    expect(await readLosses(step.losses)).toMatchObject({ box: 0, ctr: 0, mask: 0 });
    const controller = step.gradients['controller.weight']!;
    expect(Math.max(...controller.dataSync())).toBe(0);
    step.dispose();
    detector.dispose();
  });

  it('gives frozen weights no gradient and pyramid levels without a head none either', () => {
    const detector = createDetector({ ...MINI, frozenStages: 2, pyramidInputs: [2, 3, 4] });
    const names = detector.trainable.map(({ name }) => name);
    expect(
      names.some((name) =>
        /conv1\.weight|layer1|fpn_(lateral|output)2/.test(name.replace(/layer[23].*/, '')),
      ),
    ).toBe(false);
    expect(names).toContain('backbone.bottom_up.layer2.0.conv1.weight');
    expect(detector.parameters.has('backbone.fpn_output2.weight')).toBe(true);
    detector.dispose();
  });

  it('leaks no tensor, in training or detection', async () => {
    const detector = createDetector({ ...MINI, backboneNorm: 'batch', maskNorm: 'batch' });
    const samples = shapeSamples(2, 64, 5);
    const round = async (): Promise<number> => {
      detector.gradients(prepareBatch(detector.config, samples)).dispose();
      await detector.detect(
        samples.map(({ image }) => image),
        { scoreThreshold: 0, maxDetections: 5 },
      );
      return tf.memory().numTensors;
    };
    const first = await round();
    expect(await round()).toBe(first);
    expect(await round()).toBe(first);
    detector.dispose();
  });

  it('detects the same in any company', async () => {
    const detector = createDetector(MINI, { seed: 4 });
    const images = [...shapeSamples(2, 64, 5), ...shapeSamples(1, 96, 6)].map(({ image }) => image);
    const options = { scoreThreshold: 0.001, maxDetections: 5 };
    const together = await detector.detect(images, options);
    const alone = await detector.detect([images[1]!], options);
    expect(together.map((list) => list.length > 0)).toEqual([true, true, true]);
    expect(alone[0]!.map(({ category, mask }) => [category, mask])).toEqual(
      together[1]!.map(({ category, mask }) => [category, mask]),
    );
    detector.dispose();
  });

  it.skipIf(!engine.native)(
    'learns eight pictures by heart: box AP50 and mask AP50 above 0.9',
    { timeout: 120_000 },
    async () => {
      const config = detectorPreset('tiny', { classes: 3, resizeShortSide: 96, maxMaskInstances: 96 });
      const detector = createDetector(config, { seed: 2 });
      const samples = shapeSamples(8, 96, 21);
      overfit(detector, samples, 160);
      expect(await ap50(detector, samples, 'bbox')).toBeGreaterThan(0.9);
      expect(await ap50(detector, samples, 'segm')).toBeGreaterThan(0.9);
      detector.dispose();
    },
  );
});

function overfit(detector: Detector, samples: readonly TrainingSample[], iterations: number): void {
  const optimizer = createAdamW({
    parameters: detector.trainable,
    weightDecay: (name) => weightDecayFor(name, 0.05),
  });
  const batch = prepareBatch(detector.config, samples);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const step = detector.gradients(batch);
    const rate = learningRateAt({ kind: 'cosine', base: 2e-3, warmupIterations: 20, iterations }, iteration);
    optimizer.step(step.gradients, rate);
    step.dispose();
  }
  optimizer.dispose();
}

async function ap50(
  detector: Detector,
  samples: readonly TrainingSample[],
  type: 'bbox' | 'segm',
): Promise<number> {
  const evaluator = createCocoEvaluator({
    type,
    categories: [0, 1, 2].map((id) => ({ id, name: String(id) })),
  });
  const detections = await detector.detect(samples.map(({ image }) => image));
  samples.forEach((sample, index) => {
    evaluator.addImage({
      imageId: index,
      detections: detections[index]!,
      groundTruths: sample.instances.map(({ box, category, mask }) => ({
        box,
        category,
        mask: encodeMask(mask!),
        crowd: false,
        area: (box[2] - box[0]) * (box[3] - box[1]),
      })),
    });
  });
  return evaluator.summarize().numbers.AP50 ?? 0;
}
