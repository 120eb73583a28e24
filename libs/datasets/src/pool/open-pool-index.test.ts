import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImagePool } from './open-image-pool.ts';
import { openPoolIndex } from './open-pool-index.ts';

const IMAGES = 5_000;
let root: string;
let pool: string;
let lists: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-pool-index-'));
  [pool, lists] = [join(root, 'pool'), join(root, 'lists')];
  await mkdir(pool);
  for (let at = 0; at < IMAGES; at++) await writeFile(join(pool, `${at}.jpg`), 'x');
  await writeFile(join(pool, 'notes.txt'), 'x');
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('the index of a pool', () => {
  it('gives each image by its number, in the order of the pool', async () => {
    const index = await openPoolIndex(pool, lists);
    expect(index.length).toBe(IMAGES);
    const keys: string[] = [];
    for await (const { key } of (await openImagePool(pool)).entries()) keys.push(key);
    const wanted = [0, 4_095, 4_096, IMAGES - 1, 1];
    const entries = await Promise.all(wanted.map((at) => index.at(at)));
    expect(entries.map(({ key }) => key)).toEqual(wanted.map((at) => keys[at]));
    expect(entries[0]).toMatchObject({ sizeBytes: 1, location: { key: keys[0] } });
    for (const none of [IMAGES, -1, 0.5]) await expect(index.at(none)).rejects.toThrow(RangeError);
  });

  it('stops at the limit, and is another one then', async () => {
    const index = await openPoolIndex(pool, lists, { limit: 3 });
    expect(index.length).toBe(3);
    await expect(index.at(3)).rejects.toThrow('there is no image 3 of 3');
  });

  it('is the one that was begun with where the pool has changed since', async () => {
    const before = await openPoolIndex(pool, join(root, 'kept'), { limit: 2 });
    const first = await before.at(0);
    await writeFile(join(pool, '!.jpg'), 'x');
    const after = await openPoolIndex(pool, join(root, 'kept'), { limit: 2 });
    expect(await after.at(0)).toEqual(first);
    const anew = await openPoolIndex(pool, join(root, 'anew'), { limit: 2 });
    expect((await anew.at(0)).key).toBe('!.jpg');
  });

  it('says so where there is no image, and leaves no list', async () => {
    await mkdir(join(root, 'empty'));
    const none = join(root, 'none');
    await expect(openPoolIndex(join(root, 'empty'), none)).rejects.toThrow(/holds no image/);
    expect(await readdir(none).catch(() => [])).toEqual([]);
  });
});
