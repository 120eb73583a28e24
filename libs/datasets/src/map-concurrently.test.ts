import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapConcurrently } from './map-concurrently.ts';

const items = Array.from({ length: 100 }, (_, index) => index);

describe('mapConcurrently', () => {
  it('answers in the order of the items and runs no more than its limit at a time', async () => {
    let running = 0;
    let most = 0;
    const results = await mapConcurrently(items, { limit: 3 }, async (item) => {
      most = Math.max(most, ++running);
      for (let wait = item % 4; wait > 0; wait--) await tick();
      running--;
      return 2 * item;
    });
    expect(results).toEqual(items.map((item) => 2 * item));
    expect(most).toBe(3);
  });

  it('begins nothing more when an item has failed', async () => {
    const begun: number[] = [];
    const mapped = mapConcurrently(items, { limit: 4 }, async (item) => {
      begun.push(item);
      await tick();
      if (item === 2) throw new Error('the third');
    });
    await expect(mapped).rejects.toThrow('the third');
    const then = begun.length;
    for (let turn = 0; turn < 20; turn++) await tick();
    expect(begun).toHaveLength(then);
    expect(then).toBeLessThan(10);
  });

  it('ends with the reason of its signal, also when the last item is under way', async () => {
    for (const last of [10, 99]) {
      const stop = new AbortController();
      const begun: number[] = [];
      const mapped = mapConcurrently(items, { limit: 1, signal: stop.signal }, async (item) => {
        begun.push(item);
        await tick();
        if (item === last) stop.abort(new Error('cancelled'));
      });
      await expect(mapped).rejects.toThrow('cancelled');
      expect(begun).toHaveLength(last + 1);
    }
  });
});
