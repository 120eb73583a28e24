import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, type StateDict, toFloat32 } from '@cassl/checkpoints';
import { openEngine } from '@cassl/engine';
import { decodeMask, type TrainingSample } from '@cassl/vision';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createDetector,
  type DetectorConfigInput,
  parseDetectorConfig,
  prepareBatch,
  readLosses,
} from '../src/index.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';

/** Real proportions at a fifth of the width, so that a case takes seconds. */
const SMALL: DetectorConfigInput = {
  classes: 3,
  backbone: 'resnet18',
  pyramidChannels: 32,
  towerConvolutions: 2,
  towerGroups: 8,
  maskChannels: 16,
  maskConvolutions: 2,
  levels: [3, 4, 5, 6, 7],
  rangeLimits: [24, 40, 80, 160],
  maxMaskInstances: 100_000,
  // Images go in as they are.
  resizeShortSide: 96,
  resizeLongSide: 128,
};

const CASES: [string, DetectorConfigInput][] = [
  ['CondInst', {}],
  [
    'CondInst with group norms, P3–P5 and thresholds on the product',
    {
      backboneNorm: 'group',
      backboneGroups: 8,
      maskNorm: 'group',
      maskGroups: 4,
      levels: [3, 4, 5],
      rangeLimits: [24, 48],
      thresholdOn: 'product',
    },
  ],
  ['FCOS', { masks: false, classes: 1 }],
  ['the IoU quality', { boxQuality: 'iou' }],
  [
    'the entity extras',
    { classes: 1, kernelHead: 'coordinates', kernelBank: true, overlapWeight: 0.5, predictorBias: false },
  ],
];

interface Reference {
  readonly weights: StateDict;
  readonly samples: TrainingSample[];
  readonly outputs: StateDict;
}

async function runReference(input: DetectorConfigInput, seed: number): Promise<Reference> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-condinst-'));
  try {
    const sizes = [
      [96, 128],
      [96, 120],
    ] as const;
    const spec = { config: parseDetectorConfig(input), sizes, padded: [96, 128], seed };
    await writeFile(join(folder, 'config.json'), JSON.stringify(spec));
    execFileSync(python, [join(import.meta.dirname, 'run_reference.py'), folder], { stdio: 'inherit' });
    const { tensors: weights } = await readSafetensors(join(folder, 'weights.safetensors'));
    const { tensors: inputs } = await readSafetensors(join(folder, 'inputs.safetensors'));
    const { tensors: outputs } = await readSafetensors(join(folder, 'outputs.safetensors'));
    return { weights, outputs, samples: sizes.map((size, index) => toSample(inputs, index, size)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function toSample(
  inputs: StateDict,
  index: number,
  [height, width]: readonly [number, number],
): TrainingSample {
  const boxes = toFloat32(inputs.get(`boxes${index}`)!);
  const labels = toFloat32(inputs.get(`labels${index}`)!);
  const masks = inputs.get(`masks${index}`)!.data;
  return {
    key: String(index),
    image: { width, height, data: inputs.get(`image${index}`)!.data },
    instances: [...labels].map((category, instance) => ({
      category,
      box: [...boxes.subarray(instance * 4, instance * 4 + 4)] as unknown as [number, number, number, number],
      mask: { width, height, data: masks.slice(instance * height * width, (instance + 1) * height * width) },
    })),
  };
}

/** A few units in the last place of a score. */
const TIE = 1e-6;

/** Largest difference as a share of the largest value. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let scale = 1e-12;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index]! - expected[index]!));
    scale = Math.max(scale, Math.abs(expected[index]!));
  }
  return difference / scale;
}

describe.skipIf(!existsSync(python))('a reference in plain PyTorch', () => {
  beforeAll(() => openEngine());

  describe.each(CASES)('%s', (_, changes) => {
    const input = { ...SMALL, ...changes };
    let reference: Reference;
    beforeAll(async () => {
      reference = await runReference(input, 5);
    });

    it('detects the same: order, classes, boxes to 0.01 px, masks', async () => {
      const detector = createDetector(input);
      detector.loadStateDict(reference.weights, { strict: true });
      const found = await detector.detect(reference.samples.map(({ image }) => image));
      found.forEach((detections, image) => {
        const value = (name: string) => reference.outputs.get(`${name}${image}`)!;
        expect(detections.length).toBeGreaterThan(5);
        const labels = toFloat32(value('labels'));
        expect(detections.length).toBe(labels.length);
        const scores = toFloat32(value('scores'));
        const boxes = toFloat32(value('boxes'));
        const masks = value('masks').data;
        const pixels = reference.samples[image]!.image.width * reference.samples[image]!.image.height;
        const matched = new Set<number>();
        detections.forEach(({ box, category, score, mask }, place) => {
          expect(Math.abs(score - scores[place]!)).toBeLessThan(1e-4);
          // Scores that float32 cannot tell apart come in either order; everything else has its place.
          const index = [...labels.keys()].find(
            (other) =>
              !matched.has(other) &&
              Math.abs(scores[other]! - scores[place]!) < TIE &&
              labels[other] === category &&
              box.every((side, axis) => Math.abs(side - boxes[other * 4 + axis]!) < 0.01),
          );
          expect(index, `image ${image}, detection ${place}`).toBeDefined();
          matched.add(index!);
          if (mask === undefined) return;
          const expected = masks.subarray(index! * pixels, (index! + 1) * pixels);
          const different = decodeMask(mask).data.filter((bit, pixel) => bit !== expected[pixel]).length;
          // A pixel whose probability is within float32's error of the threshold may fall on either side.
          expect(different / pixels).toBeLessThan(5e-3);
        });
      });
      detector.dispose();
    });

    it('has the same losses to 1e-5, gradients to 1e-3 and running statistics', async () => {
      const detector = createDetector(input);
      detector.loadStateDict(reference.weights, { strict: true });
      const step = detector.gradients(prepareBatch(detector.config, reference.samples));
      const losses = await readLosses(step.losses);
      for (const [name, value] of Object.entries(losses)) {
        const expected = reference.outputs.get(`loss.${name}`);
        if (expected === undefined) continue;
        expect(Math.abs(value / toFloat32(expected)[0]! - 1), `loss ${name}`).toBeLessThan(1e-5);
      }
      const gradients = createDetector(input);
      for (const { name, variable } of gradients.trainable) variable.assign(step.gradients[name]!);
      const ours = await gradients.stateDict();
      let compared = 0;
      for (const [key, tensor] of reference.outputs) {
        if (!key.startsWith('gradient.')) continue;
        const name = key.slice('gradient.'.length);
        const error = relativeError(toFloat32(ours.get(name)!), toFloat32(tensor));
        expect(error, `gradient of ${name}`).toBeLessThan(1e-3);
        compared++;
      }
      expect(compared).toBe(gradients.trainable.length);
      const after = await detector.stateDict();
      for (const [key, tensor] of reference.outputs) {
        if (!key.startsWith('after.')) continue;
        expect(relativeError(toFloat32(after.get(key.slice(6))!), toFloat32(tensor)), key).toBeLessThan(1e-5);
      }
      step.dispose();
      detector.dispose();
      gradients.dispose();
    });
  });
});
