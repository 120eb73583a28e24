import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodeJpeg, readImageSize } from '@cassl/vision';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileCache } from './file-cache.ts';
import { createThumbnails } from './thumbnails.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'cassl-thumbnails-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('small pictures', () => {
  const write = async (key: string, width: number, height: number): Promise<void> => {
    const data = new Uint8Array(3 * width * height).fill(90);
    await writeFile(join(folder, key), await encodeJpeg({ width, height, data }));
  };
  const open = () => createThumbnails(join(folder, 'made'), 1e7);
  const at = (key: string) => ({ store: pathToFileURL(folder).href, key });
  const made = (): Promise<string[]> => readdir(join(folder, 'made')).catch(() => []);

  it.each([
    [640, 480, { width: 320, height: 240 }],
    [480, 640, { width: 240, height: 320 }],
    [100, 50, { width: 100, height: 50 }],
    // A line stays a line.
    [3200, 1, { width: 320, height: 1 }],
    [1, 3200, { width: 1, height: 320 }],
  ])('of %i × %i pixels fit, and keep their shape', async (width, height, size) => {
    await write('a.jpg', width, height);
    expect(await readImageSize(await open().get(at('a.jpg'), 320))).toEqual(size);
  });

  it('are made once, by whoever asks first, and kept for the next process', async () => {
    await write('a.jpg', 640, 480);
    const thumbnails = open();
    const [one, two] = await Promise.all([
      thumbnails.get(at('a.jpg'), 320),
      thumbnails.get(at('a.jpg'), 320),
    ]);
    expect(one).toEqual(two);
    expect(await made()).toHaveLength(1);
    // The picture itself is not needed any more.
    await rm(join(folder, 'a.jpg'));
    expect(await open().get(at('a.jpg'), 320)).toEqual(one);
    await expect(open().get(at('a.jpg'), 1600)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that nobody waits for any more are not made; those that somebody else waits for are', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `${index}.jpg`);
    for (const key of keys) await write(key, 1200, 900);
    const thumbnails = open();
    const leaving = new AbortController();
    const left = keys.map((key) => thumbnails.get(at(key), 320, leaving.signal));
    const stays = thumbnails.get(at('11.jpg'), 320, new AbortController().signal);
    const ends = Promise.allSettled(left);
    leaving.abort();
    expect(await readImageSize(await stays)).toEqual({ width: 320, height: 240 });
    const cancelled = (await ends).filter(({ status }) => status === 'rejected');
    expect(cancelled.length).toBeGreaterThan(6);
    expect(await made()).toHaveLength(keys.length - cancelled.length);
    // Asked for anew, they come.
    expect(await readImageSize(await thumbnails.get(at('10.jpg'), 320))).toEqual({ width: 320, height: 240 });
  });

  it('of what is no picture are refused each time, and leave nothing behind', async () => {
    await writeFile(join(folder, 'a.jpg'), 'no picture');
    const thumbnails = open();
    for (let time = 0; time < 2; time++)
      await expect(thumbnails.get(at('a.jpg'), 320)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await made()).toEqual([]);
    // Once it is one, it is shown.
    await write('a.jpg', 4, 4);
    expect(await readImageSize(await thumbnails.get(at('a.jpg'), 320))).toEqual({ width: 4, height: 4 });
  });

  it('are of their own for names that look alike', async () => {
    for (const [index, key] of ['a b.jpg', 'a%20b.jpg', 'ä.jpg'].entries()) await write(key, 10 + index, 10);
    const thumbnails = open();
    const widths: number[] = [];
    for (const key of ['a b.jpg', 'a%20b.jpg', 'ä.jpg'])
      widths.push((await readImageSize(await thumbnails.get(at(key), 320))).width);
    expect(widths).toEqual([10, 11, 12]);
  });

  it('come where nothing can be kept', async () => {
    await write('a.jpg', 640, 480);
    // A file where the folder should be.
    await writeFile(join(folder, 'made'), '');
    expect(await readImageSize(await open().get(at('a.jpg'), 320))).toEqual({ width: 320, height: 240 });
  });
});

describe('the cache of files', () => {
  it('gives back what was put, and nothing for what was not', async () => {
    const cache = openFileCache(join(folder, 'cache'), 1000);
    await cache.put('a', Uint8Array.of(1, 2, 3));
    expect(await cache.get('a')).toEqual(Uint8Array.of(1, 2, 3));
    expect(await cache.get('b')).toBeUndefined();
    await cache.put('a', Uint8Array.of(9));
    expect(await cache.get('a')).toEqual(Uint8Array.of(9));
  });

  it('counts what an earlier process left', async () => {
    const place = join(folder, 'cache');
    const earlier = openFileCache(place, 1e6);
    for (let index = 0; index < 10; index++) await earlier.put(`old-${index}`, new Uint8Array(100));
    await openFileCache(place, 500).put('new', new Uint8Array(100));
    const files = await readdir(place);
    expect(files.length).toBeLessThanOrEqual(4);
    expect(files.every((name) => /^(old-\d|new)$/.test(name))).toBe(true);
  });

  it('takes many at once, keeps within its room, and leaves no half files', async () => {
    const place = join(folder, 'cache');
    const cache = openFileCache(place, 2000);
    await Promise.all(Array.from({ length: 100 }, (_, index) => cache.put(`f${index}`, new Uint8Array(100))));
    const files = await readdir(place);
    expect(files.every((name) => /^f\d+$/.test(name))).toBe(true);
    const sizes = await Promise.all(files.map(async (name) => (await readFile(join(place, name))).length));
    expect(sizes.every((size) => size === 100)).toBe(true);
    await cache.put('last', new Uint8Array(100));
    expect(100 * (await readdir(place)).length).toBeLessThanOrEqual(2000);
  });

  it('of a folder that goes while it is used starts anew', async () => {
    const place = join(folder, 'cache');
    const cache = openFileCache(place, 1000);
    await cache.put('a', new Uint8Array(10));
    await rm(place, { recursive: true });
    expect(await cache.get('a')).toBeUndefined();
    await cache.put('b', new Uint8Array(10));
    expect(await cache.get('b')).toHaveLength(10);
  });
});
