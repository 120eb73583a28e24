import { createAdamW, openEngine } from '@cassl/engine';
import type { TrainingSample } from '@cassl/vision';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createDetector,
  type Detector,
  type DetectorConfigInput,
  detectorPreset,
  prepareBatch,
  readLosses,
} from './index.ts';

beforeAll(() => openEngine({}));

const made: Detector[] = [];
afterEach(() => made.splice(0).forEach((detector) => detector.dispose()));

const SMALL: DetectorConfigInput = {
  classes: 2,
  masks: false,
  backboneWidths: [16, 16, 16, 16],
  resizeShortSide: 64,
  resizeLongSide: 64,
  pyramidChannels: 16,
  towerConvolutions: 1,
};
const RETINANET: DetectorConfigInput = { ...SMALL, head: 'retinanet', anchorScale: 2, nmsThreshold: 0.5 };

function create(changes: DetectorConfigInput, seed = 0): Detector {
  const detector = createDetector(detectorPreset('tiny', changes), { seed });
  made.push(detector);
  return detector;
}

/** A bright square on a dark ground. */
const box = [16, 20, 40, 44] as const;
const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(30) };
for (let y = box[1]; y < box[3]; y++) image.data.fill(220, (y * 64 + box[0]) * 3, (y * 64 + box[2]) * 3);
const sample: TrainingSample = { key: 'square', image, instances: [{ box, category: 1 }] };
const nothing: TrainingSample = { key: 'nothing', image, instances: [] };

describe('RetinaNet', () => {
  it('learns a box and finds it, with its probability as its score', async () => {
    const detector = create(RETINANET);
    const optimizer = createAdamW({ parameters: detector.trainable, weightDecay: () => 0 });
    const batch = prepareBatch(detector.config, [sample]);
    const totals: number[] = [];
    for (let round = 0; round < 60; round++) {
      const step = detector.gradients(batch);
      totals.push((await readLosses(step.losses)).total);
      optimizer.step(step.gradients, 3e-3);
      step.dispose();
    }
    expect(totals.at(-1)).toBeLessThan(totals[0]! / 4);
    const best = (await detector.detect([image]))[0]![0]!;
    expect(best.category).toBe(1);
    best.box.forEach((side, index) => expect(Math.abs(side - box[index]!)).toBeLessThan(4));
    expect(best.score).toBeGreaterThan(0.2);
    const limits = { scoreThreshold: best.score + 1e-4 };
    expect((await detector.detect([image], limits))[0]).toEqual([]);
    optimizer.dispose();
  }, 60_000);

  it('has a loss without a positive anchor, and then no box loss', async () => {
    const detector = create(RETINANET);
    const step = detector.gradients(prepareBatch(detector.config, [nothing]));
    const { total, cls, box: boxLoss } = await readLosses(step.losses);
    expect(total).toBeGreaterThan(0);
    expect([total, boxLoss]).toEqual([cls, 0]);
    step.dispose();
  });

  it('takes backbone and neck of another framework, and says that the rest is not its own', async () => {
    const warmup = create({ ...SMALL, classes: 1 }, 1);
    const { matched, missing, skipped } = create(RETINANET, 2).loadStateDict(await warmup.stateDict());
    expect(matched.every((name) => name.startsWith('backbone.'))).toBe(true);
    expect(matched.some((name) => name.startsWith('backbone.fpn_output'))).toBe(true);
    expect(missing.every(({ name }) => name.startsWith('head.'))).toBe(true);
    expect(skipped.every(({ name }) => name.startsWith('proposal_generator.'))).toBe(true);
  });

  it('replicates a one-class classifier to the classes of every anchor', async () => {
    const warmup = create({ ...RETINANET, classes: 1 }, 3);
    const detector = create(RETINANET, 4);
    const { adapted, missing } = detector.loadStateDict(await warmup.stateDict(), {
      classifier: 'replicate',
    });
    expect(missing).toEqual([]);
    expect(adapted.map(({ why }) => why)).toEqual(Array(2).fill('replicated from 1 to 2 classes'));
    const rows = async (of: Detector): Promise<Float32Array> => {
      const weight = (await of.stateDict()).get('head.cls_score.weight')!;
      return new Float32Array(weight.data.slice().buffer);
    };
    const [one, two] = [await rows(warmup), await rows(detector)];
    const row = one.length / 9;
    for (let channel = 0; channel < 18; channel++) {
      const anchor = Math.floor(channel / 2);
      expect(two.slice(channel * row, (channel + 1) * row)).toEqual(
        one.slice(anchor * row, (anchor + 1) * row),
      );
    }
  });
});
