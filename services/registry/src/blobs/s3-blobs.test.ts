import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore, BlobUpload, UploadOptions } from './blob-store.ts';
import { openS3Blobs } from './s3-blobs.ts';

const MIB = 2 ** 20;
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** What an upload was told to remember last. */
interface Memory {
  state: string | null;
}

function begin(
  blobs: BlobStore,
  digest: string,
  memory: Memory,
  changes: Partial<UploadOptions> = {},
): Promise<BlobUpload> {
  return blobs.upload(digest, {
    sizeBytes: 0,
    offset: 0,
    state: memory.state,
    isTakenOver: false,
    onState: (state) => Promise.resolve(void (memory.state = state)),
    ...changes,
  });
}

async function store(blobs: BlobStore, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes);
  const upload = await begin(blobs, digest, { state: null }, { sizeBytes: bytes.length });
  await upload.write(bytes);
  await upload.finish();
  return digest;
}

describe.skipIf(!hasS3())('blobs in S3', () => {
  let s3: TestS3;
  let blobs: BlobStore;
  const open = (prefix: string): Promise<BlobStore> =>
    openS3Blobs(`s3://cassl-blobs/${prefix}`, { env: { S3_ENDPOINT: s3.endpoint } });
  beforeAll(async () => {
    s3 = await startS3();
    await s3.makeBucket('cassl-blobs');
    blobs = await open('plain/');
  });
  afterAll(async () => {
    blobs.close();
    await s3.stop();
  });

  it('are given whole and in any range, read or sent', async () => {
    const bytes = randomBytes(100_000);
    const digest = await store(blobs, bytes);
    const stored = await blobs.head(digest);
    expect(stored).toMatchObject({ digest, sizeBytes: bytes.length });
    for (const [start, end] of [
      [0, undefined],
      [0, 1],
      [99_999, 100_000],
      [500, 500],
      [1_234, 56_789],
      [7, undefined],
    ] as const) {
      const wanted = bytes.subarray(start, end);
      const range = { start, end, version: stored?.version };
      expect((await collect(blobs.read(digest, range))).equals(wanted)).toBe(true);
      const sink = new PassThrough();
      const received = sink.toArray() as Promise<Buffer[]>;
      await blobs.send(digest, sink, range);
      sink.end();
      expect(Buffer.concat(await received).equals(wanted)).toBe(true);
    }
  });

  it('that are missing are NOT_FOUND to read and undefined to look at; deleting one twice is harmless', async () => {
    const digest = await store(blobs, randomBytes(10));
    await blobs.delete(digest);
    await blobs.delete(digest);
    expect(await blobs.head(digest)).toBeUndefined();
    await expect(collect(blobs.read(digest))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that were replaced are none of the version that was verified', async () => {
    const digest = await store(blobs, randomBytes(1_000));
    const { version } = (await blobs.head(digest))!;
    await s3.put('cassl-blobs', `plain/blobs/sha256/${digest.slice(0, 2)}/${digest}`, randomBytes(1_000));
    await expect(collect(blobs.read(digest, { version }))).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(collect(blobs.read(digest, { version, start: 10, end: 20 }))).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
  });

  it('that are shorter than what is asked for say so', async () => {
    const digest = await store(blobs, randomBytes(100));
    await expect(collect(blobs.read(digest, { start: 50, end: 200 }))).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('gave 50 of 150 bytes') as string,
    });
    await expect(collect(blobs.read(digest, { start: 200, end: 300 }))).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
  });

  it('are listed among whatever else lies there, and only below their own prefix', async () => {
    const [own, other] = [await open('listed'), await open('listed-too')];
    const digests = [await store(own, randomBytes(5)), await store(own, randomBytes(5))].sort();
    await store(other, randomBytes(5));
    await s3.put('cassl-blobs', 'listed/blobs/sha256/notes.txt', Buffer.from('mine'));
    await s3.put('cassl-blobs', `listed/${'a'.repeat(64)}`, Buffer.from('mine'));
    const listed = [];
    for await (const { digest, sizeBytes } of own.list()) listed.push({ digest, sizeBytes });
    expect(listed).toEqual(digests.map((digest) => ({ digest, sizeBytes: 5 })));
    own.close();
    other.close();
  });

  it('belong to the first registry that marked the place, however many come at the same time', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => open('marked')));
    const owners = await Promise.all(stores.map((one, index) => one.mark(`registry-${index}`)));
    expect(new Set(owners).size).toBe(1);
    expect(await stores[0]?.mark('late')).toBe(owners[0]);
    for (const one of stores) one.close();
  });

  describe('an upload', () => {
    const bytes = randomBytes(20 * MIB);
    const digest = digestOf(bytes);
    const sizeBytes = bytes.length;
    let memory: Memory;
    beforeEach(() => {
      memory = { state: null };
    });
    /** Two whole parts of 8 MiB, and what a third had. */
    const breakOff = async (): Promise<number> => {
      const upload = await begin(blobs, digest, memory, { sizeBytes });
      for (let at = 0; at < 18 * MIB; at += 3 * MIB) await upload.write(bytes.subarray(at, at + 3 * MIB));
      return upload.suspend();
    };
    const names = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { name } of blobs.unfinished()) found.push(name);
      return found;
    };
    const discardAll = async (): Promise<void> => {
      for await (const unfinished of blobs.unfinished()) {
        await unfinished.discard();
        await unfinished.discard();
      }
    };
    afterEach(async () => {
      await discardAll();
      await blobs.delete(digest);
    });

    it('goes on after the parts that are whole, and is nowhere to be seen until it is finished', async () => {
      expect(await breakOff()).toBe(16 * MIB);
      expect(await blobs.head(digest)).toBeUndefined();
      expect(await blobs.keptBytes(digest, memory.state)).toBe(16 * MIB);
      const again = await begin(blobs, digest, memory, { sizeBytes, offset: 16 * MIB });
      expect(again).toMatchObject({ keptBytes: 16 * MIB });
      expect(again.kept()).toBeUndefined();
      await again.write(bytes.subarray(16 * MIB));
      const stored = await again.finish();
      expect(stored).toEqual(await blobs.head(digest));
      expect(digestOf(await collect(blobs.read(digest)))).toBe(digest);
      expect(await names()).toEqual([]);
    });

    it('goes on from an earlier part too, whose followers are sent again', async () => {
      await breakOff();
      const again = await begin(blobs, digest, memory, { sizeBytes, offset: 8 * MIB });
      expect(again.keptBytes).toBe(8 * MIB);
      await again.write(bytes.subarray(8 * MIB));
      await again.finish();
      expect(digestOf(await collect(blobs.read(digest)))).toBe(digest);
    });

    it('begins anew where it is to go on inside a part, and leaves nothing of the first', async () => {
      await breakOff();
      const again = await begin(blobs, digest, memory, { sizeBytes, offset: 9 * MIB });
      expect(again.keptBytes).toBe(0);
      expect(await names()).toHaveLength(1);
      await again.discard();
      expect(await names()).toEqual([]);
    });

    it('is named among the unfinished ones by its digest', async () => {
      await breakOff();
      const found = [];
      for await (const { kind, digest: of } of blobs.unfinished()) found.push({ kind, of });
      expect(found).toEqual([{ kind: 'multipart-upload', of: digest }]);
    });
  });
});

/** What no server of tests does by itself, and those of the field do. */
describe('an S3 server that fails', () => {
  let server: Server;
  let answer: Parameters<typeof createServer>[1] & {};
  let blobs: BlobStore;
  const sockets = new Set<{ destroy(): void }>();
  beforeEach(async () => {
    server = createServer((asked, response) => answer(asked, response)).listen(0, '127.0.0.1');
    server.on('connection', (socket) => sockets.add(socket));
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_ACCESS_KEY_ID ??= 'test';
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
    blobs = await openS3Blobs('s3://bucket', { env: { S3_ENDPOINT: endpoint }, silenceMs: 300 });
  });
  afterEach(() => {
    blobs.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const DIGEST = 'a'.repeat(64);

  it('is UNAVAILABLE where it takes a request and says nothing', async () => {
    answer = () => undefined;
    await expect(blobs.head(DIGEST)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each([
    ['breaks off', (response: { destroy(): void }) => void response.destroy()],
    ['falls silent', () => undefined],
  ])('is UNAVAILABLE where it %s inside a file', async (_, then) => {
    answer = (_asked, response) => {
      response.writeHead(200, { 'content-length': 1_000, etag: '"x"' });
      response.write(Buffer.alloc(10), () => then(response));
    };
    const received: number[] = [];
    const reading = (async () => {
      for await (const chunk of blobs.read(DIGEST)) received.push(chunk.byteLength);
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('object store failed') as string,
    });
    expect(received).toEqual([10]);
  });

  it('gives its list page by page', async () => {
    const digests = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64));
    const asked: string[] = [];
    answer = ({ url = '' }, response) => {
      const token = new URL(url, 'http://s3').searchParams.get('continuation-token') ?? '0';
      asked.push(token);
      const keys = digests.slice(2 * Number(token), 2 * Number(token) + 2);
      const contents = keys.map(
        (digest) => `<Contents><Key>blobs/sha256/xx/${digest}</Key><Size>7</Size></Contents>`,
      );
      const next = token === '0' ? '<NextContinuationToken>1</NextContinuationToken>' : '';
      const isCut = `<IsTruncated>${token === '0'}</IsTruncated>`;
      response.end(`<ListBucketResult>${isCut}${next}${contents.join('')}</ListBucketResult>`);
    };
    const listed: string[] = [];
    for await (const { digest } of blobs.list()) listed.push(digest);
    expect(listed).toEqual(digests);
    expect(asked).toEqual(['0', '1']);
  });

  it('that dropped an upload between two tries is not asked for it for good: it begins again', async () => {
    answer = (asked, response) => {
      asked.resume().on('end', () => {
        response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
      });
    };
    const part = { number: 1, etag: '"a"', sizeBytes: 8 * MIB };
    const memory: Memory = { state: JSON.stringify({ uploadId: 'gone', parts: [part] }) };
    const upload = await begin(blobs, DIGEST, memory, { sizeBytes: 8 * MIB + 3, offset: 8 * MIB });
    await upload.write(Buffer.from('abc'));
    await expect(upload.finish()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('begin again') as string,
    });
    expect(memory.state).toBeNull();
    expect(await blobs.keptBytes(DIGEST, memory.state)).toBe(0);
    expect(await upload.suspend()).toBe(0);
  });

  it('that dropped an upload before its end passes no older object off for it', async () => {
    answer = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(200, { 'content-length': 8 * MIB, etag: '"older"' }).end();
      else response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
    };
    const part = { number: 1, etag: '"a"', sizeBytes: 8 * MIB };
    const memory: Memory = { state: JSON.stringify({ uploadId: 'gone', parts: [part] }) };
    const upload = await begin(blobs, DIGEST, memory, { sizeBytes: 8 * MIB, offset: 8 * MIB });
    await expect(upload.finish()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(memory.state).toBeNull();
  });

  it('that completes an upload and loses the answer has it: the object is found', async () => {
    const parts: Buffer[] = [];
    let isStored = false;
    answer = (asked, response) => {
      const { method = '', url = '' } = asked;
      if (method === 'HEAD') {
        response.writeHead(isStored ? 200 : 404, isStored ? { 'content-length': 3, etag: '"new"' } : {});
        response.end();
      } else if (url.includes('uploads')) {
        response.end(
          '<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>',
        );
      } else if (method === 'PUT') {
        asked
          .on('data', (chunk: Buffer) => parts.push(chunk))
          .on('end', () => {
            response.writeHead(200, { etag: '"part"' }).end();
          });
      } else if (isStored) {
        response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
      } else {
        isStored = true;
        asked.socket.destroy();
      }
    };
    const upload = await begin(blobs, DIGEST, { state: null }, { sizeBytes: 3 });
    await upload.write(Buffer.from('abc'));
    expect(await upload.finish()).toMatchObject({ digest: DIGEST, sizeBytes: 3, version: '"new"-3' });
    expect(Buffer.concat(parts).toString()).toBe('abc');
  });
});
