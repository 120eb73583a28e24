import { readFileSync } from 'node:fs';
import type { BinaryMask, TrainingSample } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { parseDetectorConfig } from './config.ts';
import { batchTransferList, prepareBatch } from './prepare-batch.ts';

const config = parseDetectorConfig({ classes: 3, maxMaskInstances: 5 });

function rectangle(
  width: number,
  height: number,
  box: readonly [number, number, number, number],
): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let y = box[1]; y < box[3]; y++) data.fill(1, y * width + box[0], y * width + box[2]);
  return { width, height, data };
}

function sample(
  key: string,
  width: number,
  height: number,
  ...boxes: [number, number, number, number][]
): TrainingSample {
  return {
    key,
    image: { width, height, data: new Uint8Array(width * height * 3).fill(255) },
    instances: boxes.map((box, index) => ({ box, category: index, mask: rectangle(width, height, box) })),
  };
}

describe('prepareBatch', () => {
  const batch = prepareBatch(config, [sample('a', 64, 48, [8, 8, 40, 40]), sample('b', 40, 64)]);

  it('pads images right and bottom with 0 after normalisation', () => {
    expect([batch.height, batch.width]).toEqual([64, 64]);
    const red = (image: number, y: number, x: number) => batch.images[((image * 64 + y) * 64 + x) * 3]!;
    expect(red(0, 47, 63)).toBeCloseTo((255 - 123.675) / 58.395, 5);
    expect(red(0, 48, 0)).toBe(0);
    expect(red(1, 63, 39)).not.toBe(0);
    expect(red(1, 0, 40)).toBe(0);
  });

  it('reverses the channels for backbones that expect blue first', () => {
    const bgr = parseDetectorConfig({ channelOrder: 'bgr', pixelMean: [1, 2, 3], pixelStd: [1, 1, 1] });
    const image = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(10) };
    image.data[0] = 200;
    const { images } = prepareBatch(bgr, [{ key: 'c', image, instances: [] }]);
    expect([...images.subarray(0, 3)]).toEqual([9, 8, 197]);
  });

  it('labels positive cells with their category and the rest as background', () => {
    const positives = [...batch.labels].flatMap((label, cell) => (label < 3 ? [cell] : []));
    expect(positives).toEqual([...batch.positives.cells]);
    expect(batch.positives.count).toBe(9);
    expect(batch.labels[0]).toBe(3);
  });

  it('gives each positive its 3×3 neighbourhood, with the zero row outside the map', () => {
    const corner = prepareBatch(config, [sample('d', 32, 32, [0, 0, 10, 10])]);
    expect(corner.positives.count).toBe(1);
    const zero = corner.labels.length;
    expect([...corner.positives.patches]).toEqual([zero, zero, zero, zero, 0, 1, zero, 4, 5]);
  });

  it('caps mask instances and puts them in equal slots per image', () => {
    const { masks } = batch;
    expect(masks).toMatchObject({ slots: 5, count: 5, sampleCount: 1, height: 16, width: 16 });
    expect([...masks!.weights]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect(masks!.targetArea[0]).toBe(64);
    // Samples start at pixel 2 in steps of 4: the mask's first sample is pixel 10, its last pixel 38.
    const row = masks!.samples.subarray(2 * 16, 3 * 16);
    expect([...row]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('is a function of its samples: the same subset for the same keys, another for another seed', () => {
    const samples = [sample('a', 64, 64, [8, 8, 56, 56])];
    const first = prepareBatch(config, samples).masks!.positives;
    expect(prepareBatch(config, samples).masks!.positives).toEqual(first);
    const others = [1, 2, 3, 4].map((seed) =>
      prepareBatch(config, samples, { seed }).masks!.positives.join(),
    );
    expect(others.some((other) => other !== first.join())).toBe(true);
  });

  it('is background alone for images without instances', () => {
    const empty = prepareBatch(config, [sample('e', 32, 32)]);
    expect(empty.positives.count).toBe(0);
    expect(empty.masks).toBeUndefined();
  });

  it('lists its buffers for a transfer between threads', () => {
    expect(batchTransferList(batch)).toHaveLength(2 + 5 + 7);
    const moved = structuredClone(batch, { transfer: batchTransferList(batch) });
    expect(moved.masks!.slots).toBe(5);
    expect(batch.images).toHaveLength(0);
  });

  it.each([
    [[NaN, 0, 4, 4], 0, /box must be finite/],
    [[4, 0, 4, 4], 0, /box must be finite with x2 > x1/],
    [[0, 0, 4, 4], 3, /category must be an integer in \[0, 3\), got 3/],
  ] as const)('refuses box %j of category %i', (box, category, message) => {
    const mask = rectangle(32, 32, [0, 0, 4, 4]);
    const bad = { ...sample('f', 32, 32), instances: [{ box, category, mask }] };
    expect(() => prepareBatch(config, [bad])).toThrow(message);
  });

  it('refuses a missing mask and a mask of another size', () => {
    const { image } = sample('g', 32, 32);
    const box = [0, 0, 8, 8] as const;
    expect(() => prepareBatch(config, [{ key: 'g', image, instances: [{ box, category: 0 }] }])).toThrow(
      /mask is missing/,
    );
    const mask = rectangle(16, 16, [0, 0, 8, 8]);
    expect(() =>
      prepareBatch(config, [{ key: 'g', image, instances: [{ box, category: 0, mask }] }]),
    ).toThrow(/mask is 16×16, its image 32×32/);
  });

  it('loads no tensor library, so that data threads stay light', () => {
    const seen = new Set<string>();
    const visit = (url: URL): void => {
      if (seen.has(url.href)) return;
      seen.add(url.href);
      const source = readFileSync(url, 'utf8');
      for (const [, what, from] of source.matchAll(/^(?:import|export) ([^;]*?)from '([^']+)'/gms)) {
        if (what!.startsWith('type ')) continue;
        expect(from).not.toMatch(/tensorflow|engine/);
        if (from!.startsWith('.')) visit(new URL(from!, url));
      }
    };
    visit(new URL('prepare-batch.ts', import.meta.url));
    expect(seen.size).toBeGreaterThan(8);
  });
});
