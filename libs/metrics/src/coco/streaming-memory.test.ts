import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Rle } from '@cassl/vision';
import { createCocoEvaluator } from '../index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A mask of many short runs: 80 kB. */
function stripes(offset: number): Rle {
  const counts = new Uint32Array(20_000).fill(2);
  counts[0] = offset;
  counts[counts.length - 1] = 2 * 20_000 - 2 * 19_998 - offset;
  return { height: 200, width: 200, counts };
}

const LIMIT_BYTES = 8 << 20;

it('keeps a few words per detection and none of its mask', async () => {
  const evaluator = createCocoEvaluator({ type: 'segm', categories: [{ id: 1, name: 'a' }] });
  const add = (imageId: number) => {
    evaluator.addImage({
      imageId,
      groundTruths: [{ box: [0, 0, 1, 1], category: 0, crowd: false, area: 20_000, mask: stripes(1) }],
      detections: Array.from({ length: 20 }, (_, i) => ({
        box: [0, 0, 1, 1] as const,
        category: 0,
        score: i / 20,
        mask: stripes(1 + (i % 2)),
      })),
    });
  };
  for (let image = 0; image < 10; image++) add(image);
  collectGarbage();
  const before = process.memoryUsage();
  for (let image = 10; image < 410; image++) add(image); // 8,000 masks, 640 MB
  const grown = (): number => {
    collectGarbage();
    const after = process.memoryUsage();
    return after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  };
  // V8 frees array buffers on a thread of its own, which a busy machine lets wait.
  for (let tries = 0; grown() >= LIMIT_BYTES && tries < 100; tries++) await delay(100);
  expect(grown()).toBeLessThan(LIMIT_BYTES);
  expect(evaluator.summarize().detections).toBe(410 * 20);
});
