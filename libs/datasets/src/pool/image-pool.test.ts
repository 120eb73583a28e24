import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { openStore, type ObjectStore } from '@cassl/storage';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoolImage, PoolShard } from './image-pool.ts';
import { listPool } from './list-pool.ts';
import { chunkKey, shardRange, type PoolManifest } from './manifest-format.ts';
import { openImagePool } from './open-image-pool.ts';
import type { PoolReport } from './pool-report.ts';
import { readShardEntries } from './read-manifest.ts';
import { writeManifest, type WrittenManifest } from './write-manifest.ts';
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

const NOTHING_YET = { chunks: [], report: { listed: 0, kept: 0, unread: [] }, after: '', skip: 0 };

/** The note of a listing's progress, under its digest. */
function sealed(progress: object): Uint8Array {
  const text = JSON.stringify(progress);
  return Buffer.from(`sha256:${createHash('sha256').update(text).digest('hex')}\n${text}`);
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

  it('names the tar file and the byte where it is cut off or damaged, and keeps what comes before', async () => {
    await mkdir(join(root, 'bad'));
    await writeTar('bad/cut.tar', ['1.jpg', '2.jpg']);
    const whole = await readFile(join(root, 'bad/cut.tar'));
    const list = async (): Promise<[string[], PoolReport]> => {
      const pool = await openImagePool(join(root, 'bad'));
      return [(await collect(pool.entries())).map(({ key }) => key), pool.report()!];
    };
    await truncate(join(root, 'bad/cut.tar'), 1_600);
    const [kept, report] = await list();
    expect(kept).toEqual(['cut.tar/1.jpg']);
    expect(report.unread[0]).toMatchObject({ count: 1, examples: ['cut.tar'] });
    expect(report.unread[0]!.reason).toMatch(
      /ends at byte 1600, inside the member at byte 1536 or before its end mark/,
    );
    whole.fill('?', 512 * 3, 512 * 4);
    await writeFile(join(root, 'bad/cut.tar'), whole);
    expect((await list())[1].unread[0]!.reason).toMatch(/byte 1536 should start a member/);
  });

  it('tells every file that it does not read and why, and follows links, but not in circles', async () => {
    const names = [
      'a.jpg',
      'b.JPG',
      'c.avif',
      'd.jfif',
      'f.jpe',
      'e.bmp',
      'h.heic',
      'noext',
      'g.jpg.download',
      'i.pjpeg',
      'k.APNG',
      '.thumbs/t.jpg',
    ];
    await mkdir(join(root, 'kinds/.thumbs'), { recursive: true });
    await mkdir(join(root, 'kinds/deep'), { recursive: true });
    for (const name of names) await writeFile(join(root, 'kinds', name), bytesOf(name));
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/x1.jpg'), bytesOf('x1'));
    await symlink('../elsewhere', join(root, 'kinds/part2'));
    await symlink('..', join(root, 'kinds/deep/up'));
    await symlink('nowhere', join(root, 'kinds/broken.jpg'));
    const pool = await openImagePool(join(root, 'kinds'));
    expect((await collect(pool.entries())).map(({ key }) => key)).toEqual([
      'a.jpg',
      'b.JPG',
      'c.avif',
      'd.jfif',
      'f.jpe',
      'i.pjpeg',
      'k.APNG',
      'part2/x1.jpg',
    ]);
    const { listed, kept, unread } = pool.report()!;
    expect([listed, kept]).toEqual([15, 8]);
    expect(unread.flatMap(({ examples }) => examples).sort()).toEqual([
      '.thumbs/t.jpg',
      'broken.jpg',
      'deep/up',
      'e.bmp',
      'g.jpg.download',
      'h.heic',
      'noext',
    ]);
  });
});

describe('a manifest', () => {
  const store = (name: string): ObjectStore => openStore(join(root, name));
  const keysOf = async (name: string, manifest: PoolManifest): Promise<string[]> => {
    const keys: string[] = [];
    for (let shard = 0; shard < manifest.shards; shard++) {
      const entries = await readShardEntries(store(name), manifest.uri, shardRange(manifest, shard));
      keys.push(...entries.map(({ key }) => key));
    }
    return keys;
  };

  it('lists a pool in files named by their content, the same each time', async () => {
    const uri = pathToFileURL(join(root, 'tars')).href;
    const first = await writeManifest(store('m1'), { uri, imagesPerShard: 2 });
    const again = await writeManifest(store('m2'), { uri, imagesPerShard: 2 });
    expect(again).toEqual(first);
    expect(first.manifest).toMatchObject({ images: 5, shards: 3, report: { listed: 7, kept: 5 } });
    const pool = await collect((await openImagePool(uri)).entries());
    expect(await keysOf('m1', first.manifest)).toEqual(pool.map(({ key }) => key));
    const range = shardRange(first.manifest, 1);
    const images = await collect(readShard({ entries: await readShardEntries(store('m1'), uri, range) }));
    expect(images.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it('refuses a file whose bytes were changed, and an image that was changed since', async () => {
    const uri = pathToFileURL(join(root, 'folder')).href;
    const { manifest } = await writeManifest(store('m3'), { uri, imagesPerShard: 10 });
    const range = shardRange(manifest, 0);
    const entries = await readShardEntries(store('m3'), uri, range);
    const grown = entries.map((entry) => ({ ...entry, sizeBytes: entry.sizeBytes + 1 }));
    const [image] = await collect(readShard({ entries: grown }));
    expect(image!.error!.message).toMatch(/it was changed since/);
    const path = join(root, 'm3', chunkKey(range.chunkDigest));
    await writeFile(path, (await readFile(path, 'utf8')).replace('a.jpg', 'b.jpg'));
    await expect(readShardEntries(store('m3'), uri, range)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('was changed'),
    });
  });

  it('tells the files that go while it is listed, and lists all others', async () => {
    await mkdir(join(root, 'changing'));
    const names = Array.from({ length: 2000 }, (_, i) => `${String(i).padStart(4, '0')}.jpg`);
    for (const name of names) await writeFile(join(root, 'changing', name), 'x');
    const items: (readonly [string, string | undefined])[] = [];
    for await (const file of listPool(pathToFileURL(join(root, 'changing')).href)) {
      if (items.length === 0) await rm(join(root, 'changing/1999.jpg'));
      items.push(...file.items.map(({ key, reason }) => [key, reason] as const));
    }
    expect(items).toEqual(
      names.map((name) => [name, name === '1999.jpg' ? 'gone or unreadable' : undefined]),
    );
  });

  it('reads names of odd characters; those that no store takes are failures with their name', async () => {
    const readable = ['a b.jpg', 'c%20+d.jpg', 'e#f?g=h&i.jpg', `j"k'l.jpg`, 'é\u0301.jpg', '😀.jpg'];
    const refused = ['k\\l.jpg', 'n\no.jpg'];
    await mkdir(join(root, 'odd'));
    for (const name of [...readable, ...refused]) await writeFile(join(root, 'odd', name), bytesOf(name));
    const uri = pathToFileURL(join(root, 'odd')).href;
    const { manifest } = await writeManifest(store('m6'), { uri, imagesPerShard: 10 });
    const entries = await readShardEntries(store('m6'), uri, shardRange(manifest, 0));
    const images = await collect(readShard({ entries }));
    const read = images.flatMap((image) => (image.error === undefined ? [image] : []));
    expect(read.map(({ key }) => key)).toEqual(readable);
    for (const { key, bytes } of read) expect(bytesOf(key).equals(bytes)).toBe(true);
    const failed = images.flatMap(({ key, error }) => (error === undefined ? [] : [{ key, error }]));
    expect(failed.map(({ key }) => key)).toEqual(refused);
    for (const { key, error } of failed) {
      expect(error).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(JSON.stringify(key)),
      });
    }
  });

  it('is refused where its index was changed, and listed anew where only the note of its progress was', async () => {
    const uri = pathToFileURL(join(root, 'folder')).href;
    const options = { uri, imagesPerShard: 2 };
    const written = await writeManifest(store('m8'), options);
    const index = JSON.stringify(written.manifest);
    const changed: readonly (readonly [string, RegExp])[] = [
      [index.slice(0, -40), /index\.json is damaged or was changed/],
      [index.replace('cassl-pool', 'other-pool'), /format/],
      [index.replace('"images":3', '"images":2'), /images is 2, not 3/],
      [index.replace('"shards":2', '"shards":1'), /shards is 1, not 2/],
      [index.replace('/folder', '/folded'), /uri is ".*folded", not ".*folder"/],
      [index.replace('"imagesPerShard":2', '"imagesPerShard":3'), /imagesPerShard is 3, not 2/],
      [index.replace('sha256:', 'sha512:'), /digest/],
    ];
    for (const [bytes, message] of changed) {
      await store('m8').put('manifest/index.json', Buffer.from(bytes));
      await expect(writeManifest(store('m8'), options)).rejects.toMatchObject({
        code: 'DATA_LOSS',
        message: expect.stringMatching(message),
      });
    }
    const begin = async (progress: Uint8Array): Promise<WrittenManifest> => {
      await store('m8').delete('manifest/index.json');
      await store('m8').put('manifest/progress.json', progress);
      return writeManifest(store('m8'), options);
    };
    // As if all of the folder were passed already.
    const passed = sealed({ ...NOTHING_YET, after: 'zzz' });
    await expect(begin(passed)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const damaged = Array.from({ length: 16 }, (_, part) => Math.floor((part * passed.length) / 16));
    for (const at of damaged) {
      expect(await begin(passed.with(at, passed[at]! ^ 1))).toEqual(written);
    }
    for (const progress of [passed.subarray(0, 90), Buffer.of(), sealed({ chunks: [], after: 'zzz' })]) {
      expect(await begin(progress)).toEqual(written);
    }
  });

  it('names the files whose names are not UTF-8', async () => {
    await mkdir(join(root, 'bytes'));
    const path = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${join(root, 'bytes')}/`), name]);
    const odd = (byte: number): Buffer =>
      Buffer.concat([Buffer.from('a'), Buffer.of(byte), Buffer.from('.jpg')]);
    for (const name of [odd(0xff), odd(0xfe), Buffer.from('a\ufffd.jpg'), Buffer.from('b.jpg')]) {
      await writeFile(path(name), 'x');
    }
    await mkdir(path(Buffer.of(0xe9)));
    const items: (readonly [string, string | undefined])[] = [];
    for await (const file of listPool(pathToFileURL(join(root, 'bytes')).href)) {
      items.push(...file.items.map(({ key, reason }) => [key, reason] as const));
    }
    const reason = 'a name that is not UTF-8';
    expect(items).toEqual([
      ['a\ufffd.jpg', undefined],
      ['a\ufffd.jpg', reason],
      ['a\ufffd.jpg', reason],
      ['b.jpg', undefined],
      ['\ufffd/', reason],
    ]);
  });

  it('lists a folder whose links lead in circles, and tells of a folder that goes meanwhile', async () => {
    await mkdir(join(root, 'loops/b'), { recursive: true });
    for (let i = 0; i < 3000; i++)
      await writeFile(join(root, `loops/a${String(i).padStart(4, '0')}.jpg`), 'x');
    await writeFile(join(root, 'loops/b/gone.jpg'), 'x');
    await symlink('loop2', join(root, 'loops/loop1'));
    await symlink('loop1', join(root, 'loops/loop2'));
    const unread: (readonly [string, string])[] = [];
    let images = 0;
    for await (const { items } of listPool(pathToFileURL(join(root, 'loops')).href)) {
      if (images === 0) await rm(join(root, 'loops/b'), { recursive: true });
      for (const { key, reason } of items) {
        if (reason === undefined) images++;
        else unread.push([key, reason]);
      }
    }
    expect(images).toBe(3000);
    expect(unread).toEqual([
      ['b/', 'gone or unreadable'],
      ['loop1', 'a link that leads nowhere'],
      ['loop2', 'a link that leads nowhere'],
    ]);
  });

  it('of a pool without images is not written, and says what there is instead', async () => {
    await mkdir(join(root, 'imageless'));
    await writeFile(join(root, 'imageless/notes.txt'), 'x');
    const uri = pathToFileURL(join(root, 'imageless')).href;
    await expect(writeManifest(store('m7'), { uri, imagesPerShard: 10 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('notes.txt'),
    });
    expect(await store('m7').head('manifest/index.json')).toBeUndefined();
  });

  it('goes on where it was interrupted, at any chunk', async () => {
    await mkdir(join(root, 'many/sub'), { recursive: true });
    for (let i = 0; i < 40; i++) await writeFile(join(root, 'many', i % 2 ? 'sub' : '', `${i}.png`), 'x');
    await writeTar('many/s.tar', ['1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg']);
    const uri = pathToFileURL(join(root, 'many')).href;
    const options = { uri, imagesPerShard: 2048 };
    const whole = await writeManifest(store('m4'), options);
    expect(whole.manifest.images).toBe(45);
    await store('m5').put('manifest/progress.json', sealed(NOTHING_YET));
    expect(await writeManifest(store('m5'), options)).toEqual(whole);
    const keys = await keysOf('m4', whole.manifest);
    const cut = keys.indexOf('s.tar/3.jpg');
    expect(cut).toBeGreaterThan(0);
    const resumed: string[] = [];
    for await (const { items } of listPool(uri, { after: keys[cut - 3]! })) {
      resumed.push(...items.map(({ key }) => key));
    }
    expect(resumed).toEqual(keys.slice(cut - 2));
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
