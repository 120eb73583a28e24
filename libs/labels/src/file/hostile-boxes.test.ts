import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toXyxy, type Xyxy } from '@cassl/vision';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, record } from '../test-labels.ts';
import { decodeLabelFile } from './label-file.ts';

const shared = join(process.env.CASSL_SHARED ?? '../shared', 'bugs/04-thin-label');
const coordinate = fc.oneof(
  fc.double(),
  fc.double({ min: -5, max: 25 }),
  fc.constantFrom(0, 16, 19.9951, 20, NaN, Infinity, -Infinity),
);

async function roundTrip(box: Xyxy, score = 0.5, size = {}): Promise<Xyxy[]> {
  const written = await bytesOf([{ ...record('a.jpg', [{ box, score, category: 0 }]), ...size }]);
  const [read] = await collect(decodeLabelFile(written));
  return read!.detections.map((detection) => detection.box);
}

describe('whatever boxes a detector gives', () => {
  it('are written so that they can be read: inside the image, with an area, or left out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(coordinate, coordinate, coordinate, coordinate),
        fc.double(),
        async (box, score) => {
          for (const [x1, y1, x2, y2] of await roundTrip(box, score)) {
            expect(x1 >= 0 && y1 >= 0 && x2 > x1 && y2 > y1 && x2 <= 20.000001 && y2 <= 16.000001).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keep every box with an area inside the image, to a hundredth of a pixel', async () => {
    const inside = fc.double({ min: 0, max: 16, noNaN: true });
    await fc.assert(
      fc.asyncProperty(inside, inside, inside, inside, async (a, b, c, d) => {
        fc.pre(a !== c && b !== d);
        const box: Xyxy = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
        const [read] = await roundTrip(box);
        for (const side of [0, 1, 2, 3] as const)
          expect(Math.abs(read![side] - box[side])).toBeLessThan(0.0101);
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(!existsSync(shared))('are read back from the thin boxes of a bug report', async () => {
    const boxes = JSON.parse(await readFile(join(shared, 'detections.json'), 'utf8')) as {
      width: number;
      height: number;
      box_xyxy: Xyxy;
    }[];
    for (const { width, height, box_xyxy: box } of boxes) {
      expect(await roundTrip(box, 0.5, { width, height })).toHaveLength(1);
    }
    const old = await collect(decodeLabelFile(await readFile(join(shared, 'labels.jsonl.gz'))));
    expect(old.map(({ detections }) => detections.length)).toEqual([1, 2]);
    expect(old[1]!.detections[1]!.box).toEqual(toXyxy([41.39, 48, 19.36, 0]));
  });
});
