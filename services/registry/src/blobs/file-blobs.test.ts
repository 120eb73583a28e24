import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../checkpoints.fixture.ts';
import type { BlobStore, BlobUpload, UploadOptions } from './blob-store.ts';
import { openFileBlobs } from './file-blobs.ts';

let folder: string;
let blobs: BlobStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-blobs-'));
  blobs = await openFileBlobs(folder);
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => rm(folder, { recursive: true, force: true }));

const pathOf = (digest: string): string => join(folder, 'blobs/sha256', digest.slice(0, 2), digest);
const begin = (digest: string, changes: Partial<UploadOptions> = {}): Promise<BlobUpload> =>
  blobs.upload(digest, {
    sizeBytes: 0,
    offset: 0,
    state: null,
    isTakenOver: false,
    onState: () => Promise.resolve(),
    ...changes,
  });

async function store(bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes);
  const upload = await begin(digest);
  await upload.write(bytes);
  await upload.finish();
  return digest;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** As a socket does: the bytes have left their buffer when the write calls back. */
async function sent(digest: string, range: object): Promise<Buffer> {
  const parts: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(Buffer.from(chunk));
      done();
    },
  });
  await blobs.send(digest, sink, range);
  return Buffer.concat(parts);
}

describe('a stored file', () => {
  it('gives any range of its bytes, read or sent', async () => {
    // More than two of the buffers that a read or a send uses.
    const bytes = randomBytes(600_000);
    const digest = await store(bytes);
    const ranges = fc
      .tuple(fc.nat(bytes.length), fc.nat(bytes.length))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    await fc.assert(
      fc.asyncProperty(ranges, async (range) => {
        const expected = bytes.subarray(range.start, range.end);
        expect((await collect(blobs.read(digest, range))).equals(expected)).toBe(true);
        expect((await sent(digest, range)).equals(expected)).toBe(true);
      }),
      { numRuns: 20 },
    );
    expect((await collect(blobs.read(digest))).equals(bytes)).toBe(true);
  });

  it('has another version as soon as its bytes may be others, of which none is given', async () => {
    const digest = await store(randomBytes(100));
    const { version, sizeBytes } = (await blobs.head(digest))!;
    expect(sizeBytes).toBe(100);
    await appendFile(pathOf(digest), 'x');
    expect((await blobs.head(digest))!.version).not.toBe(version);
    await expect(collect(blobs.read(digest, { version }))).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(sent(digest, { version })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  it('that ends too early says where, instead of giving fewer bytes', async () => {
    const digest = await store(randomBytes(100));
    const early = { code: 'DATA_LOSS', message: `the file of ${digest} ends at byte 100 instead of 120` };
    await expect(collect(blobs.read(digest, { start: 50, end: 120 }))).rejects.toMatchObject(early);
    await expect(sent(digest, { start: 50, end: 120 })).rejects.toMatchObject(early);
  });

  it('that is missing is NOT_FOUND to read and undefined to look at; deleting it twice is harmless', async () => {
    const digest = await store(randomBytes(10));
    await blobs.delete(digest);
    await blobs.delete(digest);
    expect(await blobs.head(digest)).toBeUndefined();
    await expect(collect(blobs.read(digest))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(sent(digest, {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is listed, in order, among whatever else lies in the folder', async () => {
    const empty = await mkdtemp(join(folder, 'list-'));
    const listed = await openFileBlobs(empty);
    const digests = ['b', 'a', 'c'].map((letter) => letter.repeat(64));
    for (const digest of digests) {
      const path = join(empty, 'blobs/sha256', digest.slice(0, 2), digest);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'x');
    }
    await writeFile(join(empty, 'blobs/sha256/README'), 'not ours');
    await writeFile(join(empty, 'blobs/sha256/aa/notes.txt'), 'not ours');
    await mkdir(join(empty, 'blobs/sha256/aa', 'd'.repeat(64)));
    const found: string[] = [];
    for await (const { digest } of listed.list()) found.push(digest);
    expect(found).toEqual([...digests].sort());
  });

  it('stops being read when nobody wants it any more, and leaves no open file', async () => {
    const digest = await store(randomBytes(600_000));
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await openFiles();
    const stop = new AbortController();
    const reading = blobs.read(digest, { signal: stop.signal })[Symbol.asyncIterator]();
    await reading.next();
    stop.abort(new Error('gone'));
    await expect(reading.next()).rejects.toThrow('gone');
    const closes = new Writable({ write: (_chunk, _encoding, done) => void done(new Error('broken pipe')) });
    closes.on('error', () => undefined);
    await expect(blobs.send(digest, closes)).rejects.toThrow();
    for await (const _ of blobs.read(digest)) break;
    expect(await openFiles()).toBeLessThanOrEqual(before);
  });
});

describe('an upload', () => {
  it('is nowhere to be seen until it is finished', async () => {
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes);
    const upload = await begin(digest);
    await upload.write(bytes);
    expect(await blobs.head(digest)).toBeUndefined();
    expect(await upload.finish()).toMatchObject({ digest, sizeBytes: 1000 });
    expect(await readFile(pathOf(digest))).toEqual(bytes);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
  });

  it('goes on from any byte that was kept, whatever lay behind it, with the bytes before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 999 }), fc.nat(999), async (kept, from) => {
        const bytes = randomBytes(1000);
        const digest = digestOf(bytes);
        const first = await begin(digest);
        await first.write(bytes.subarray(0, kept));
        expect(await first.suspend()).toBe(kept);
        expect(await blobs.keptBytes(digest, null)).toBe(kept);
        const offset = Math.min(kept, from);
        const second = await begin(digest, { offset });
        expect(await collect(second.kept()!)).toEqual(bytes.subarray(0, offset));
        await second.write(bytes.subarray(offset));
        await second.finish();
        expect(await readFile(pathOf(digest))).toEqual(bytes);
      }),
      { numRuns: 15 },
    );
  });

  it('that was discarded leaves nothing', async () => {
    const digest = 'd'.repeat(64);
    const upload = await begin(digest);
    await upload.write(randomBytes(10));
    await upload.discard();
    expect(await blobs.keptBytes(digest, null)).toBe(0);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
  });

  it('taken over from a holder who may only be paused is not changed by what he still writes', async () => {
    const half = 2 ** 20;
    const bytes = randomBytes(2 * half);
    const digest = digestOf(bytes);
    const paused = await begin(digest);
    await paused.write(bytes.subarray(0, half));
    await expect.poll(() => blobs.keptBytes(digest, null)).toBe(half);
    const heir = await begin(digest, { offset: half, isTakenOver: true });
    await paused.write(randomBytes(half));
    await heir.write(bytes.subarray(half));
    await heir.finish();
    await paused.suspend().catch(() => undefined);
    expect(await readFile(pathOf(digest))).toEqual(bytes);
  });

  it('is not finished where the disk lost bytes on the way, although a later sync says that all is well', async () => {
    const file = await open(join(folder, 'probe'), 'w');
    const prototype = Object.getPrototypeOf(file) as { datasync(): Promise<void> };
    await file.close();
    const lost = Object.assign(new Error('i/o error, fdatasync'), { code: 'EIO' });
    vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(lost);
    const digest = 'e'.repeat(64);
    const upload = await begin(digest);
    const piece = Buffer.alloc(16 * 2 ** 20);
    for (let written = 0; written < 64 * 2 ** 20; written += piece.length) await upload.write(piece);
    await expect(upload.finish()).rejects.toBe(lost);
    expect(await blobs.head(digest)).toBeUndefined();
    for await (const left of blobs.unfinished()) await left.discard();
  });

  it('that a full disk ends says so, whether the disk says it at once or only when it syncs', async () => {
    const file = await open(join(folder, 'probe'), 'w');
    const prototype = Object.getPrototypeOf(file) as { sync(): Promise<void> };
    await file.close();
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    vi.spyOn(prototype, 'sync').mockRejectedValueOnce(full);
    const upload = await begin('c'.repeat(64));
    await upload.write(randomBytes(10));
    await expect(upload.finish()).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: 'no space left for checkpoints',
    });
    for await (const left of blobs.unfinished()) await left.discard();
  });

  it('is named among the unfinished ones, by its digest and size', async () => {
    const upload = await begin('b'.repeat(64));
    await upload.write(randomBytes(10));
    await upload.suspend();
    const found = [];
    for await (const left of blobs.unfinished()) {
      const { kind, digest, sizeBytes } = left;
      found.push({ kind, digest, sizeBytes });
      await left.discard();
    }
    expect(found).toEqual([{ kind: 'upload', digest: 'b'.repeat(64), sizeBytes: 10 }]);
  });
});

describe('the mark of a store', () => {
  it('is the first one’s, however many come at the same time', async () => {
    const marks = await Promise.all(['one', 'two', 'three'].map((id) => blobs.mark(id)));
    expect(new Set(marks).size).toBe(1);
    expect(await blobs.mark('four')).toBe(marks[0]);
  });
});
