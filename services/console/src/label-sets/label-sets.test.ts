import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readImageSize } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTestSet } from '../label-set.fixture.ts';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import type { ImagePage } from './image-sets.ts';

describe('the images of a label set', () => {
  let folder = '';
  let set = '';
  let console: OpenConsole;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-label-set-'));
    set = await writeTestSet(folder, 50);
    console = await openConsole([]);
  });
  afterAll(async () => {
    await console.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (path: string, query: Record<string, string | number>): Promise<Response> =>
    fetch(`${console.url}/api/label-sets/${path}?${new URLSearchParams({ set, ...query })}`);
  const page = async (query: Record<string, string | number>): Promise<ImagePage> =>
    (await (await ask('images', query)).json()) as ImagePage;
  const whole = async (query: Record<string, string | number>): Promise<ImagePage> => {
    for (;;) {
      const answer = await page(query);
      // A page that takes long comes in parts.
      const wanted = Math.min(Number(query['count'] ?? 60), answer.total);
      if (answer.seen === 50 && answer.images.length === wanted) return answer;
      await delay(10);
    }
  };

  it('are paged from the index, across its files', async () => {
    const { images, total } = await page({ from: 6, count: 4 });
    expect(total).toBe(50);
    expect(images.map(({ at, key, labels }) => [at, key, labels.length])).toEqual([
      [6, '000006.jpg', 2],
      [7, '000007.jpg', 3],
      [8, '000008.jpg', 0],
      [9, '000009.jpg', 1],
    ]);
    expect(images[0]?.labels[1]).toEqual({ box: [4, 4, 16, 24], score: 0.6, name: '' });
    expect((await page({ from: 48, count: 10 })).images).toHaveLength(2);
  });

  it('are filtered and ordered over the whole set', async () => {
    expect((await whole({ show: 'failed' })).images).toEqual([
      expect.objectContaining({ at: 5, failure: { code: 'INVALID_ARGUMENT', message: 'is cut off' } }),
    ]);
    // 50 images, a quarter without labels; the one that failed has none either.
    expect((await whole({ show: 'labeled' })).total).toBe(36);
    expect((await whole({ show: 'empty' })).total).toBe(13);
    const unsure = await whole({ order: 'worst-score', show: 'labeled', count: 3 });
    expect(unsure.images.map(({ at }) => at)).toEqual([1, 2, 3]);
    // Boxes of 16 x 24 in 64 x 48: the root of their share is 0.35.
    expect((await whole({ minSize: 0.34 })).total).toBe(36);
    expect((await whole({ minSize: 0.36 })).total).toBe(0);
  });

  it('come as small pictures, made once', async () => {
    const first = await ask('picture', { at: 3 });
    const bytes = new Uint8Array(await first.arrayBuffer());
    expect(await readImageSize(bytes)).toEqual({ width: 64, height: 48 });
    expect(first.headers.get('cache-control')).toContain('immutable');
    expect(new Uint8Array(await (await ask('picture', { at: 4 })).arrayBuffer())).toEqual(bytes);
    expect((await ask('picture', { at: 50 })).status).toBe(404);
  });

  it('are refused by the name of what is wrong', async () => {
    const message = async (response: Response): Promise<string> =>
      ((await response.json()) as { error: { message: string } }).error.message;
    expect(await message(await ask('images', { order: 'random' }))).toMatch(/^order must be one of pool, /);
    expect(await message(await ask('images', { count: 1000 }))).toBe(
      'count must be a number from 1 to 200, got "1000"',
    );
    expect(await message(await ask('images', { set: '' }))).toBe(
      'set must be the address of a label set, got nothing',
    );
  });

  it('tell how their scores are spread', async () => {
    const { labels, best } = (await (await ask('scores', {})).json()) as { labels: number[]; best: number[] };
    expect([labels[29], labels[59], labels[89]]).toEqual([12, 24, 36]);
    expect(best.reduce((sum, count) => sum + count, 0)).toBe(36);
  });
});
