import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoolImage, PoolShard } from './image-pool.ts';
import { openImagePool } from './open-image-pool.ts';
import { readShard } from './read-shard.ts';

let root: string;
const longName = `${'deep/'.repeat(30)}photo.jpg`;
const bytesOf = (name: string): Buffer => Buffer.from(`bytes of ${name}`.repeat(40));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-pool-'));
  await mkdir(join(root, 'folder/b'), { recursive: true });
  for (const name of ['b/2.png', 'a.jpg', 'c.JPEG', 'notes.txt', '._a.jpg']) {
    await writeFile(join(root, 'folder', name), bytesOf(name));
  }
  await mkdir(join(root, 'tars'));
  await writeTar('tars/shard-000.tar', ['000.jpg', '000.json', '001.jpg', longName]);
  await writeTar('tars/shard-001.tar', ['002.jpg', '003.webp', '003.cls']);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function writeTar(path: string, names: readonly string[]): Promise<void> {
  const tar = pack();
  const file = tar.pipe(createWriteStream(join(root, path)));
  for (const name of names) tar.entry({ name }, bytesOf(name));
  tar.finalize();
  await finished(file);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function shardsOf(uri: string, imagesPerShard: number): Promise<PoolShard[]> {
  return collect((await openImagePool(uri)).shards({ imagesPerShard }));
}

describe('openImagePool', () => {
  it('lists the images of a folder in key order and cuts them into shards', async () => {
    const shards = await shardsOf(join(root, 'folder'), 2);
    expect(shards.map(({ id, entries }) => [id, entries.map(({ key }) => key)])).toEqual([
      ['00000', ['a.jpg', 'b/2.png']],
      ['00001', ['c.JPEG']],
    ]);
    expect(await shardsOf(pathToFileURL(join(root, 'folder')).href, 2)).toEqual(shards);
  });

  it('lists the images inside tar shards, long names too, and reads each by its own bytes', async () => {
    const shards = await shardsOf(join(root, 'tars'), 3);
    const sent = JSON.parse(JSON.stringify(shards)) as PoolShard[];
    expect(sent).toEqual(shards);
    const images = (await Promise.all(sent.map((shard) => collect(readShard(shard))))).flat();
    expect(images.map(({ key }) => key)).toEqual([
      'shard-000.tar/000.jpg',
      'shard-000.tar/001.jpg',
      `shard-000.tar/${longName}`,
      'shard-001.tar/002.jpg',
      'shard-001.tar/003.webp',
    ]);
    for (const image of images) {
      const bytes = bytesOf(image.key.replace(/^shard-\d+\.tar\//, ''));
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      expect(image).toMatchObject({ digest });
    }
  });

  it('stops at the limit', async () => {
    const pool = await openImagePool(join(root, 'tars'), { limit: 4 });
    expect(await collect(pool.entries())).toHaveLength(4);
  });

  it('says so where there is nothing to read, or the shard size makes no sense', async () => {
    await mkdir(join(root, 'empty'));
    await expect(openImagePool(join(root, 'empty'))).rejects.toThrow(/holds no image/);
    await expect(openImagePool('ftp://host/x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(shardsOf(join(root, 'folder'), 0)).rejects.toThrow(/imagesPerShard .* got 0/);
  });

  it('names the tar file and the byte where it is cut off or damaged', async () => {
    await mkdir(join(root, 'bad'));
    await writeTar('bad/cut.tar', ['1.jpg', '2.jpg']);
    const whole = await readFile(join(root, 'bad/cut.tar'));
    await truncate(join(root, 'bad/cut.tar'), 700);
    const list = async (): Promise<unknown> => collect((await openImagePool(join(root, 'bad'))).entries());
    await expect(list()).rejects.toThrow(/cut\.tar.* ends at byte 700, inside the member at byte 0/s);
    whole.fill('?', 512 * 3, 512 * 4);
    await writeFile(join(root, 'bad/cut.tar'), whole);
    await expect(list()).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('readShard', () => {
  it('goes on after an image that is gone, with its error in its place', async () => {
    const [shard] = await shardsOf(join(root, 'folder'), 10);
    const broken = { entries: shard!.entries.map((entry) => ({ ...entry })) };
    broken.entries[1]!.location = { ...broken.entries[1]!.location, key: 'gone.png' };
    const images: PoolImage[] = await collect(readShard(broken, { readAhead: 1 }));
    expect(images.map(({ key, error }) => [key, error === undefined])).toEqual([
      ['a.jpg', true],
      ['b/2.png', false],
      ['c.JPEG', true],
    ]);
    expect(images[1]!.error).toMatchObject({ code: 'NOT_FOUND' });
  });
});
