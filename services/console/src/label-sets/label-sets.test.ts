import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
      'count must be a whole number from 1 to 200, got "1000"',
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

  it.each([
    ['images', { from: -1 }, 'from must be a whole number from 0 to 9007199254740991, got "-1"'],
    ['images', { from: 0.5 }, 'from must be a whole number from 0 to 9007199254740991, got "0.5"'],
    ['images', { from: '1e400' }, 'from must be a whole number from 0 to 9007199254740991, got "1e400"'],
    ['images', { count: 0 }, 'count must be a whole number from 1 to 200, got "0"'],
    ['images', { count: 'ten' }, 'count must be a whole number from 1 to 200, got "ten"'],
    ['images', { count: 'NaN' }, 'count must be a whole number from 1 to 200, got "NaN"'],
    ['images', { count: 1.5 }, 'count must be a whole number from 1 to 200, got "1.5"'],
    ['images', { minScore: -0.1 }, 'minScore must be a number from 0 to 1, got "-0.1"'],
    ['images', { maxScore: 5 }, 'maxScore must be a number from 0 to 1, got "5"'],
    ['images', { minSize: 'x' }, 'minSize must be a number from 0 to 1, got "x"'],
    ['images', { maxSize: 2 }, 'maxSize must be a number from 0 to 1, got "2"'],
    ['images', { category: 32 }, 'category must be a whole number from -1 to 31, got "32"'],
    ['images', { category: 1.5 }, 'category must be a whole number from -1 to 31, got "1.5"'],
    ['images', { show: 'constructor' }, 'show must be one of all, labeled, empty, failed, '],
    ['images', { order: '' }, 'order must be one of pool, '],
    ['picture', { at: -1 }, 'at must be a whole number from 0 to 9007199254740991, got "-1"'],
    ['picture', { at: 1, size: 0 }, 'size must be a number from 1 to 10000, got "0"'],
    ['picture', { at: 1, size: 100_000 }, 'size must be a number from 1 to 10000, got "100000"'],
  ])('are refused for what cannot be asked: %s %j', async (path, query, message) => {
    const response = await ask(path, query);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect([response.status, error.code]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(error.message).toContain(message);
  });

  it('take what is empty as what is usual', async () => {
    const usual = await page({});
    expect(await page({ from: '', count: '', minScore: '', category: '', masks: '' })).toEqual(usual);
    expect(usual.images).toHaveLength(50);
  });

  it('end where the set does', async () => {
    expect(await page({ from: 50 })).toMatchObject({ images: [], total: 50 });
    expect(await page({ from: Number.MAX_SAFE_INTEGER })).toMatchObject({ images: [], total: 50 });
  });

  it('are made at two sizes, never larger than they are', async () => {
    for (const [size, width] of [
      [1, 64],
      [320, 64],
      [321, 64],
      [10_000, 64],
    ] as const) {
      const picture = new Uint8Array(await (await ask('picture', { at: 3, size })).arrayBuffer());
      expect((await readImageSize(picture)).width).toBe(width);
    }
  });

  it('tell what the set is', async () => {
    const head = (await (await ask('head', {})).json()) as Record<string, unknown>;
    expect(head).toMatchObject({ threshold: 0.2, totals: { images: 50, failed: 1 }, categories: null });
    expect(head['digest']).toMatch(/^(sha256:)?[0-9a-f]{64}$/);
  });

  it.each([
    'file:///nowhere/x.labelset.jsonl',
    'not an address',
    'http://host/x.labelset.jsonl',
    'file:///etc/passwd',
  ])('of %s are no set of ours, and the console goes on', async (address) => {
    for (const path of ['scores', 'head', 'images', 'picture']) {
      const response = await ask(path, { set: address });
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect(response.status, path).toBeGreaterThanOrEqual(400);
      expect(error.code, path).not.toBe('INTERNAL');
      expect(error.message, path).not.toBe('');
    }
    expect((await page({ count: 1 })).images).toHaveLength(1);
  });
});

describe('a label set that nobody should have to look at', () => {
  let folder = '';
  let console: OpenConsole;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-odd-set-'));
    console = await openConsole([]);
  });
  afterAll(async () => {
    await console.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = async (
    path: string,
    query: Record<string, string | number>,
  ): Promise<readonly [number, unknown]> => {
    const response = await fetch(
      `${console.url}/api/label-sets/${path}?${new URLSearchParams(query as Record<string, string>)}`,
    );
    return [response.status, await response.json()];
  };

  it('without a single image is shown as empty', async () => {
    const set = await writeTestSet(join(folder, 'empty'), 0);
    expect(await ask('head', { set })).toMatchObject([200, { totals: { images: 0, labels: 0 } }]);
    const queries: readonly Record<string, string>[] = [{}, { show: 'labeled' }, { order: 'worst-score' }];
    for (const query of queries)
      expect(await ask('images', { set, ...query })).toEqual([200, { images: [], total: 0, seen: 0 }]);
    expect(await ask('scores', { set })).toMatchObject([200, { images: 0, failed: 0 }]);
    expect(await ask('picture', { set, at: 0 })).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  });

  it('with one damaged file says so of what lies in it, shows the rest, and filters neither wrongly nor silently', async () => {
    const home = join(folder, 'damaged');
    const set = await writeTestSet(home, 24);
    const names = await readdir(join(home, 'labels'), { recursive: true });
    const files = names.filter((name) => name.endsWith('.jsonl.gz'));
    const path = join(home, 'labels', files[0] ?? '');
    const content = await readFile(path);
    content[content.length >> 1]! ^= 0xff;
    await writeFile(path, content);
    const pages = await Promise.all([0, 8, 16].map((from) => ask('images', { set, from, count: 8 })));
    expect(pages.filter(([status]) => status === 200)).toHaveLength(2);
    expect(pages.find(([status]) => status !== 200)).toMatchObject([500, { error: { code: 'DATA_LOSS' } }]);
    const filtered = async (): Promise<unknown> => (await ask('images', { set, show: 'labeled' }))[1];
    await expect.poll(filtered, { timeout: 20_000 }).toMatchObject({ error: { code: 'DATA_LOSS' } });
    const { error } = (await filtered()) as { error?: { message: string } };
    // Whoever asks again waits for another look, and gets the same reason.
    if (error !== undefined) expect(error.message).not.toContain('internal error');
  });
});
