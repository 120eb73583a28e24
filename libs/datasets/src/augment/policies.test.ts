import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrainingInstance, TrainingSample } from '@cassl/vision';
import { createRandom, type Random } from '../random.ts';
import type { AugmentContext } from './augmentation.ts';
import { augmentPolicies, createAugmentation } from './create-augmentation.ts';
import { fitInside } from './fit-inside.ts';
import { zoomIn } from './sa-auto-augment.ts';
import { augmentBoxes } from './sa-box-level.ts';
import { tightBox } from './tight-box.ts';

/** A picture of noise with rectangular things. */
function sampleOf(width: number, height: number, seed: number, masked = true): TrainingSample {
  const random = createRandom('sample', seed);
  const instances = Array.from({ length: 4 }, (): TrainingInstance => {
    const x1 = random.integer(0, width - 12);
    const y1 = random.integer(0, height - 12);
    const x2 = random.integer(x1 + 8, width);
    const y2 = random.integer(y1 + 8, height);
    const data = new Uint8Array(width * height);
    for (let y = y1; y < y2; y++) data.fill(1, y * width + x1, y * width + x2);
    return { box: [x1, y1, x2, y2], category: 0, ...(masked ? { mask: { width, height, data } } : {}) };
  });
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255));
  return { key: `s${seed}`, image: { width, height, data }, instances };
}

const context: AugmentContext = {
  progress: 1,
  earlierCount: 12,
  earlier: (steps) => Promise.resolve(sampleOf(70, 50, 100 + steps)),
};

/** A stream that answers `next` from a list, then 0.5 for ever. */
function scripted(...values: number[]): Random {
  const random = createRandom('scripted');
  const next = (): number => values.shift() ?? 0.5;
  return {
    ...random,
    next,
    uniform: (low, high) => low + (high - low) * next(),
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    choice: (items) => items[Math.floor(next() * items.length)]!,
  };
}

describe.each(augmentPolicies)('policy %s', (policy) => {
  const augment = createAugmentation(policy, 64);

  it('is a pure function of sample and stream', async () => {
    const sample = sampleOf(90, 60, 1);
    const before = structuredClone(sample);
    const first = await augment(sample, createRandom(5), context);
    expect(await augment(sample, createRandom(5), context)).toEqual(first);
    expect(sample).toEqual(before);
  });

  it('keeps every box around its mask and inside the picture', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.boolean(), async (seed, masked) => {
        const { image, instances } = await augment(
          sampleOf(90, 60, seed, masked),
          createRandom(seed),
          context,
        );
        expect(image.data.length).toBe(image.width * image.height * 3);
        for (const { box, mask } of instances) {
          const [x1, y1, x2, y2] = box;
          expect(x1 >= 0 && y1 >= 0 && x2 <= image.width && y2 <= image.height).toBe(true);
          expect(x2 > x1 && y2 > y1).toBe(true);
          if (mask === undefined) continue;
          expect([mask.width, mask.height]).toEqual([image.width, image.height]);
          expect(tightBox(mask)).toEqual(box);
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe('weak', () => {
  it('takes short sides 640 to 800 at size 800, and the long side stays within 1333', async () => {
    const sample: TrainingSample = {
      key: 'x',
      image: { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3) },
      instances: [],
    };
    const at = async (choice: number): Promise<number[]> => {
      const { image } = await createAugmentation('weak', 800)(sample, scripted(choice, 0.9), context);
      return [image.height, image.width];
    };
    expect(await at(0)).toEqual([640, 853]);
    expect(await at(0.99)).toEqual([800, 1067]);
  });
});

describe('large-scale jitter', () => {
  it('has the sizes of method.md 7.12', () => {
    const sizes = [0.1, 0.5, 1, 2].map((ratio) => fitInside({ width: 640, height: 480 }, 1024 * ratio));
    expect(sizes.map(({ width, height }) => `${height}x${width}`)).toEqual([
      '77x102',
      '384x512',
      '768x1024',
      '1536x2048',
    ]);
  });

  it('pads with 128 below and to the right, and shares one offset when it crops', async () => {
    const sample = sampleOf(64, 48, 3);
    const augment = createAugmentation('large-scale-jitter', 64);
    // next() calls: flip, zoom, offset.
    const small = await augment(sample, scripted(0.9, (0.5 - 0.1) / 1.9, 0.5), context);
    expect([small.image.width, small.image.height]).toEqual([64, 64]);
    expect(small.image.data[32 * 3]).toBe(128);
    expect(small.image.data[(24 * 64 + 5) * 3]).toBe(128);
    const large = await augment(sample, scripted(0.9, 1, 0.5), context);
    // 128 x 96 cropped at round(0.5 * 64) = 32 in x and round(0.5 * 32) = 16 in y.
    const first = sample.instances[0]!.box;
    const shifted = [first[0] * 2 - 32, first[1] * 2 - 16, first[2] * 2 - 32, first[3] * 2 - 16];
    const clipped = shifted.map((value) => Math.min(64, Math.max(0, value)));
    expect(large.instances.map(({ box }) => [...box])).toContainEqual(clipped);
  });
});

describe('SA-AutoAug', () => {
  it('zooms in by 1.2 and keeps things of which half is left, or gives the picture back', () => {
    const sample = sampleOf(60, 60, 4);
    const zoomed = zoomIn(sample, scripted(0, 0));
    expect([zoomed.image.width, zoomed.image.height]).toEqual([60, 60]);
    const corner = { ...sample, instances: [{ box: [56, 56, 60, 60] as const, category: 0 }] };
    expect(zoomIn(corner, scripted(0, 0))).toBe(corner);
  });

  it('makes a mosaic only once three samples came before', async () => {
    const augment = createAugmentation('sa-auto-augment', 64);
    const count = async (earlierCount: number): Promise<number> => {
      let asked = 0;
      const earlier = (): Promise<TrainingSample> => {
        asked++;
        return Promise.resolve(sampleOf(60, 60, 9));
      };
      for (let seed = 0; seed < 60; seed++) {
        await augment(sampleOf(60, 60, seed), createRandom(seed), { progress: 1, earlierCount, earlier });
      }
      return asked / 3;
    };
    expect(await count(2)).toBe(0);
    // Effective probability 0.75 * 0.55 = 0.41.
    expect((await count(3)) / 60).toBeGreaterThan(0.25);
  });

  it('changes pixels near a chosen box only, and nothing at the start of the training', () => {
    const sample = sampleOf(80, 80, 5);
    expect(augmentBoxes(sample, createRandom(1), 0)).toEqual(sample);
    // Sub-policy 2 of 5 (brightness), colour chosen, the first box chosen, no other, no geometry.
    const changed = augmentBoxes(sample, scripted(0.3, 0, 0, 0.9, 0.9, 0.9, 0.9), 1);
    expect(changed.image.data).not.toEqual(sample.image.data);
    expect(changed.instances).toEqual(sample.instances);
  });

  it('mirrors the mask of a chosen thing with its pixels', () => {
    const mask = { width: 40, height: 40, data: new Uint8Array(1600) };
    for (let y = 10; y < 20; y++) mask.data.fill(1, y * 40 + 10, y * 40 + (y < 15 ? 30 : 15));
    const image = { width: 40, height: 40, data: new Uint8Array(4800).fill(9) };
    const sample = { key: 'm', image, instances: [{ box: [10, 10, 30, 20] as const, category: 0, mask }] };
    // Sub-policy 4 of 5, colour not chosen, geometry chosen, the box chosen.
    const { instances } = augmentBoxes(sample, scripted(0.7, 0.9, 0, 0), 1);
    expect(instances[0]!.box).toEqual([10, 10, 30, 20]);
    expect(instances[0]!.mask!.data[17 * 40 + 28]).toBe(1);
    expect(instances[0]!.mask!.data[17 * 40 + 12]).toBe(0);
  });
});
