import { float32Tensor, int64Tensor, type StateDict } from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DetectorConfigInput } from '../config.ts';
import { createDetector, type Detector } from '../detector.ts';

beforeAll(() => openEngine({ engine: 'cpu' }));

const SMALL: DetectorConfigInput = {
  backbone: 'resnet-small',
  backboneStages: 2,
  backboneWidths: [8, 8],
  backboneBlocks: [1, 1],
  backboneNorm: 'group',
  backboneGroups: 4,
  pyramidInputs: [3],
  levels: [3],
  rangeLimits: [],
  maskLevels: 1,
  pyramidChannels: 8,
  towerConvolutions: 1,
  towerGroups: 4,
  maskChannels: 8,
  maskConvolutions: 1,
  maskNorm: 'group',
  maskGroups: 4,
};

const CLASSIFIER = 'proposal_generator.fcos_head.cls_logits';

const valuesOf = (detector: Detector, name: string): number[] => [
  ...detector.parameters.get(name)!.dataSync(),
];

async function donor(config: DetectorConfigInput = SMALL): Promise<StateDict> {
  const detector = createDetector(config, { seed: 5 });
  const state = await detector.stateDict();
  detector.dispose();
  return state;
}

describe('weights in and out', () => {
  it('fills a detector that was made without drawing weights', async () => {
    const state = await donor();
    const detector = createDetector(SMALL, { weights: 'zero' });
    expect(valuesOf(detector, `${CLASSIFIER}.weight`).every((value) => value === 0)).toBe(true);
    detector.loadStateDict(state, { strict: true });
    expect(await detector.stateDict()).toEqual(state);
    detector.dispose();
  });

  it('come back as they were, in PyTorch layout', async () => {
    const state = await donor();
    expect(state.get('backbone.bottom_up.conv1.weight')!.shape).toEqual([4, 3, 3, 3]);
    const detector = createDetector(SMALL, { seed: 6 });
    const report = detector.loadStateDict(state, { strict: true });
    expect(report.matched).toHaveLength(state.size);
    expect(report.missing).toEqual([]);
    const back = await detector.stateDict();
    for (const [name, tensor] of state) expect(back.get(name)).toEqual(tensor);
    detector.dispose();
  });

  it('lay a convolution out as [kh, kw, I, O]', async () => {
    const state = await donor();
    const name = 'backbone.fpn_output3.weight'; // [8, 8, 3, 3]
    const values = Float32Array.from({ length: 8 * 8 * 9 }, (_, index) => index);
    state.set(name, float32Tensor([8, 8, 3, 3], values));
    const detector = createDetector(SMALL);
    detector.loadStateDict(state);
    const filter = detector.parameters.get(name)!.arraySync() as number[][][][];
    const [o, i, ky, kx] = [5, 3, 2, 1];
    expect(filter[ky]![kx]![i]![o]).toBe(((o * 8 + i) * 3 + ky) * 3 + kx);
    detector.dispose();
  });

  it('takes only the parts asked for and says what it left', async () => {
    const detector = createDetector(SMALL, { seed: 6 });
    const before = valuesOf(detector, 'backbone.fpn_output3.weight');
    const report = detector.loadStateDict(await donor(), { parts: ['backbone'] });
    expect(report.matched.every((name) => name.startsWith('backbone.bottom_up.'))).toBe(true);
    expect(report.skipped).toContainEqual({
      name: 'backbone.fpn_output3.weight',
      why: 'part neck was not asked for',
    });
    expect(valuesOf(detector, 'backbone.fpn_output3.weight')).toEqual(before);
    detector.dispose();
  });

  it('replicates a one-class classifier to every class', async () => {
    const state = await donor();
    const detector = createDetector({ ...SMALL, classes: 3 });
    const report = detector.loadStateDict(state, { classifier: 'replicate' });
    expect(report.adapted).toContainEqual({
      name: `${CLASSIFIER}.weight`,
      why: 'replicated from 1 to 3 classes',
    });
    const weight = tf
      .split(detector.parameters.get(`${CLASSIFIER}.weight`)!, 3, 3)
      .map((part) => [...part.dataSync()]);
    expect(weight[1]).toEqual(weight[0]);
    expect(weight[2]).toEqual(weight[0]);
    expect(new Set(weight[0]).size).toBeGreaterThan(1);
    detector.dispose();
  });

  it('starts a classifier of another size anew by default', async () => {
    const detector = createDetector({ ...SMALL, classes: 3 });
    const report = detector.loadStateDict(await donor());
    expect(report.adapted.map(({ why }) => why)).toContain('started anew: 1 classes there, 3 here');
    expect(valuesOf(detector, `${CLASSIFIER}.bias`)[2]).toBeCloseTo(-4.59511985, 6);
    detector.dispose();
  });

  it('starts no classifier anew where the checkpoint must fit', async () => {
    const detector = createDetector({ ...SMALL, classes: 3 });
    const before = valuesOf(detector, 'backbone.bottom_up.conv1.weight');
    const state = await donor();
    expect(() => detector.loadStateDict(state, { strict: true })).toThrow(
      /does not fit: .*cls_logits\.(weight|bias): started anew: 1 classes there, 3 here/,
    );
    expect(valuesOf(detector, 'backbone.bottom_up.conv1.weight')).toEqual(before);
    detector.loadStateDict(state, { strict: true, classifier: 'replicate' });
    detector.dispose();
  });

  it('makes an FCOS from a CondInst by leaving the mask parts out', async () => {
    const detector = createDetector({ ...SMALL, masks: false });
    const report = detector.loadStateDict(await donor());
    expect(report.missing).toEqual([]);
    expect(report.skipped.every(({ name }) => /^(controller|mask_branch)/.test(name))).toBe(true);
    detector.dispose();
  });

  it('passes over buffers that follow from the config, even when strict', async () => {
    const state = await donor();
    state.set('backbone.bottom_up.bn1.num_batches_tracked', int64Tensor([], new BigInt64Array(1)));
    const detector = createDetector(SMALL);
    expect(detector.loadStateDict(state, { strict: true }).skipped).toEqual([
      { name: 'backbone.bottom_up.bn1.num_batches_tracked', why: 'buffer that follows from the config' },
    ]);
    detector.dispose();
  });

  it('reads a bare backbone under a prefix', async () => {
    const state = await donor();
    const bare: StateDict = new Map();
    for (const [name, tensor] of state) {
      if (name.startsWith('backbone.bottom_up.')) bare.set(name.slice('backbone.bottom_up.'.length), tensor);
    }
    const detector = createDetector(SMALL);
    const report = detector.loadStateDict(bare, {
      prefix: 'backbone.bottom_up.',
      parts: ['backbone'],
      strict: true,
    });
    expect(report.matched).toHaveLength(bare.size);
    detector.dispose();
  });

  it('refuses a checkpoint of another architecture, a wrong shape when strict, and a NaN, changing nothing', async () => {
    const detector = createDetector(SMALL, { seed: 6 });
    const before = valuesOf(detector, 'backbone.bottom_up.conv1.weight');
    const foreign: StateDict = new Map([['features.0.weight', float32Tensor([1], new Float32Array(1))]]);
    expect(() => detector.loadStateDict(foreign)).toThrow(
      /another architecture: none of its 1 tensors \(for example features.0.weight\)/,
    );
    const wrong = (await donor()).set('backbone.fpn_output3.bias', float32Tensor([2], new Float32Array(2)));
    expect(detector.loadStateDict(wrong).missing).toEqual([
      { name: 'backbone.fpn_output3.bias', why: 'shape [8], the checkpoint has [2]' },
    ]);
    detector.loadStateDict(await createDetector(SMALL, { seed: 6 }).stateDict());
    expect(() => detector.loadStateDict(wrong, { strict: true })).toThrow(
      /does not fit: backbone.fpn_output3.bias: shape \[8\], the checkpoint has \[2\]/,
    );
    const broken = (await donor()).set(`${CLASSIFIER}.bias`, float32Tensor([1], Float32Array.of(NaN)));
    expect(() => detector.loadStateDict(broken)).toThrow(/cls_logits.bias holds NaN at element 0/);
    expect(valuesOf(detector, 'backbone.bottom_up.conv1.weight')).toEqual(before);
    detector.dispose();
  });
});
