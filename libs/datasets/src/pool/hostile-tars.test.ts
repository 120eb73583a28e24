import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { openStore } from '@cassl/storage';
import { pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPool } from './list-pool.ts';
import { readTarMembers } from './tar-members.ts';

let root: string;
let pool: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-hostile-tars-'));
  pool = join(root, 'pool');
  await mkdir(pool);
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Member = Partial<Header> & { readonly name: string };

async function tarOf(...members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const member of members) tar.entry(member, `bytes of ${member.name}`.repeat(60));
  tar.finalize();
  return buffer(tar);
}

/** The tar file with other bytes in a header's field, and a checksum that holds again. */
function withField(tar: Buffer, header: number, at: number, field: string | Buffer): Buffer {
  const changed = Buffer.from(tar);
  const block = changed.subarray(header, header + 512);
  block.set(Buffer.from(field), at);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return changed;
}

const [SIZE, TYPE] = [124, 156];

/** Bytes of a member of `tarOf` with its header. */
function sizeOf(name: string): number {
  return 512 + Math.ceil(`bytes of ${name}`.repeat(60).length / 512) * 512;
}

/** What a pool of one file `s.tar` lists: the members that it reads, and why not the others. */
async function listed(bytes: Buffer): Promise<{ read: string[]; unread: string[] }> {
  await writeFile(join(pool, 's.tar'), bytes);
  const found: { read: string[]; unread: string[] } = { read: [], unread: [] };
  for await (const { items } of listPool(pathToFileURL(pool).href)) {
    for (const item of items) {
      if (item.reason === undefined) found.read.push(item.key);
      else found.unread.push(`${item.key}: ${item.reason}`);
    }
  }
  return found;
}

describe('a tar file of a pool', () => {
  it('made of the folder "." has its members by their names', async () => {
    const bytes = await tarOf({ name: './a.jpg' }, { name: '././b/c.png' }, { name: './.hidden/d.jpg' });
    expect(await listed(bytes)).toEqual({
      read: ['s.tar/a.jpg', 's.tar/b/c.png'],
      unread: ['s.tar/.hidden/d.jpg: hidden file or folder'],
    });
  });

  it('cut off anywhere keeps what comes before, and says so', async () => {
    const names = ['a.jpg', `${'long/'.repeat(40)}b.jpg`, 'c.jpg'];
    const bytes = await tarOf(...names.map((name) => ({ name })));
    const store = openStore(join(root, 'cut'));
    for (let size = 0; size < bytes.length; size += 128) {
      await store.put('s.tar', bytes.subarray(0, size));
      const read: string[] = [];
      const reading = (async () => {
        for await (const { name } of readTarMembers(store, 's.tar', size)) read.push(name);
      })();
      // One block of zeros is mark enough.
      if (size >= bytes.length - 512) await reading;
      else await expect(reading).rejects.toThrow(`tar file s.tar: ends at byte ${size}, `);
      expect(read).toEqual(names.slice(0, read.length));
    }
  });

  it('with another behind its end mark names the place', async () => {
    const [first, second] = [await tarOf({ name: 'a.jpg' }), await tarOf({ name: 'b.jpg' })];
    const { read, unread } = await listed(Buffer.concat([first, Buffer.alloc(1 << 21), second]));
    expect(read).toEqual(['s.tar/a.jpg']);
    expect(unread).toEqual([expect.stringContaining(`end mark is at byte ${first.length - 1024}, but more`)]);
    expect((await listed(Buffer.concat([first, Buffer.alloc(9_000)]))).unread).toEqual([]);
  });

  it('names a member once, and each other one of that name', async () => {
    const bytes = await tarOf({ name: 'a.jpg' }, { name: 'b.jpg' }, { name: 'a.jpg' }, { name: './a.jpg' });
    expect(await listed(bytes)).toEqual({
      read: ['s.tar/a.jpg', 's.tar/b.jpg'],
      unread: Array(2).fill('s.tar/a.jpg: a member before it in its tar file has the same name'),
    });
  });

  it('that is compressed under the name of a plain one says by what', async () => {
    const { unread } = await listed(gzipSync(await tarOf({ name: 'a.jpg' }), { level: 0 }));
    expect(unread).toEqual([expect.stringContaining('is compressed by gzip')]);
  });

  it('whose member has a size that is none is read up to it, and not in circles', async () => {
    const bytes = await tarOf({ name: 'a.jpg' }, { name: 'b.jpg' });
    const second = sizeOf('a.jpg');
    for (const size of ['-0000002000', '-0000001000', '00000000z00', '9']) {
      const { read, unread } = await listed(withField(bytes, second, SIZE, `${size}\0`));
      expect(read).toEqual(['s.tar/a.jpg']);
      expect(unread).toEqual([
        `s.tar: tar file s.tar: the member at byte ${second} has no size that can be read`,
      ]);
    }
    for (const size of ['-1536', '', 'many', '1e3']) {
      const { unread } = await listed(await tarOf({ name: 'a.jpg', pax: { size } }, { name: 'b.jpg' }));
      expect(unread).toEqual([expect.stringContaining('has no size that can be read')]);
    }
  });

  it('with links, devices and folders that name a size goes on behind their header', async () => {
    const bytes = Buffer.concat([
      (await tarOf({ name: 'a.jpg' })).subarray(0, 512),
      await tarOf({ name: 'b.jpg' }),
    ]);
    for (const type of '123456') {
      const { read, unread } = await listed(withField(bytes, 0, TYPE, type));
      expect(read, type).toEqual(['s.tar/b.jpg']);
      expect(unread, type).toHaveLength(type === '5' ? 0 : 1);
    }
    // As the oldest ones write a folder.
    const old = withField(withField(bytes, 0, SIZE, '00000000000'), 0, 0, 'photos/\0');
    expect(await listed(old)).toEqual({ read: ['s.tar/b.jpg'], unread: [] });
  });

  it('keeps names apart that are not UTF-8', async () => {
    const bytes = await tarOf({ name: 'caf?.jpg' }, { name: 'caf!.jpg' });
    const named = withField(withField(bytes, 0, 3, Buffer.of(0xe9)), sizeOf('caf?.jpg'), 3, Buffer.of(0xe8));
    expect(await listed(named)).toEqual({ read: ['s.tar/café.jpg', 's.tar/cafè.jpg'], unread: [] });
  });

  it('of small members is read many headers at a time, and of large ones by headers alone', async () => {
    for (const [repeats, reads] of [
      [1, 4],
      [10_000, 42],
    ] as const) {
      const tar = pack();
      for (let index = 0; index < 40; index++) tar.entry({ name: `${index}.jpg` }, 'x'.repeat(10 * repeats));
      tar.finalize();
      const bytes = await buffer(tar);
      const store = openStore(join(root, 'windows'));
      await store.put('s.tar', bytes);
      let asked = 0;
      const counted: typeof store = {
        ...store,
        get(key, options) {
          asked++;
          return store.get(key, options);
        },
      };
      const names: string[] = [];
      for await (const { name } of readTarMembers(counted, 's.tar', bytes.length)) names.push(name);
      expect(names).toEqual(Array.from({ length: 40 }, (_, index) => `${index}.jpg`));
      expect(asked).toBeLessThanOrEqual(reads);
    }
  });

  it('that is gone or was cut since the pool was listed is named, and the others are read', async () => {
    const cut = join(root, 'cut-meanwhile');
    await mkdir(cut);
    const bytes = await tarOf({ name: 'a.jpg' }, { name: 'b.jpg' });
    for (const name of ['1.tar', '2.tar', '3.tar', '4.tar']) await writeFile(join(cut, name), bytes);
    const found: string[] = [];
    for await (const { items } of listPool(pathToFileURL(cut).href)) {
      if (found.length === 0) {
        await rm(join(cut, '2.tar'));
        await writeFile(join(cut, '3.tar'), bytes.subarray(0, 700));
      }
      for (const { key, reason } of items) found.push(reason === undefined ? key : `${key} unread`);
    }
    expect(found).toEqual([
      '1.tar/a.jpg',
      '1.tar/b.jpg',
      '2.tar unread',
      '3.tar/a.jpg',
      '3.tar unread',
      '4.tar/a.jpg',
      '4.tar/b.jpg',
    ]);
  });

  it('is read no further when it is told to stop', async () => {
    const store = openStore(join(root, 'stopped'));
    const bytes = await tarOf(...Array.from({ length: 50 }, (_, index) => ({ name: `${index}.jpg` })));
    await store.put('s.tar', bytes);
    const controller = new AbortController();
    const read: string[] = [];
    const reading = (async () => {
      for await (const { name } of readTarMembers(store, 's.tar', bytes.length, controller.signal)) {
        if (read.push(name) === 3) controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(read).toHaveLength(3);
  });

  it('reads names of extended headers by their length, and passes sparse files and links', async () => {
    const pax = { path: 'x\n15 path=evil.jpg\ny.jpg' };
    const bytes = await tarOf(
      { name: 'plain.jpg', pax },
      { name: 'sparse.jpg', pax: { 'GNU.sparse.major': '1' } },
      { name: 'after.jpg' },
    );
    expect(await listed(bytes)).toEqual({
      read: [`s.tar/${pax.path}`, 's.tar/after.jpg'],
      unread: ['s.tar/sparse.jpg: a sparse file inside a tar file'],
    });
  });
});
