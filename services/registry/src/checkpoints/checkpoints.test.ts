import { truncate, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { Evaluation, Manifest, type PublishCheckpointRequest } from '@cassl/proto';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile, digestOf, NEVER, publish } from '../checkpoints.fixture.ts';
import { tryLease } from '../database/lease.ts';
import { useRegistry } from '../registry.fixture.ts';
import { attachEvaluation } from './attach-evaluation.ts';
import { deleteCheckpoint } from './delete-checkpoint.ts';
import { findDerived, readDerived, writeDerived } from './derived-files.ts';
import { downloadCheckpoint } from './download-checkpoint.ts';
import { getCheckpoint } from './get-checkpoint.ts';
import { getUpload } from './get-upload.ts';
import { getLineage } from './lineage.ts';
import { openBlob } from './open-blob.ts';
import { publishCheckpoint } from './publish-checkpoint.ts';
import { digestLease } from './receive-upload.ts';

const test = useRegistry();

async function* messages(
  ...parts: PublishCheckpointRequest['part'][]
): AsyncGenerator<PublishCheckpointRequest> {
  for (const part of parts) yield await Promise.resolve({ part });
}
type Start = Extract<PublishCheckpointRequest['part'], { $case: 'start' }>['value'];
const start = (bytes: Uint8Array, changes: Partial<Start> = {}): PublishCheckpointRequest['part'] => ({
  $case: 'start',
  value: {
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    offset: 0,
    manifest: Manifest.fromPartial({}),
    ...changes,
  },
});
const chunk = (value: Uint8Array): PublishCheckpointRequest['part'] => ({
  $case: 'chunk',
  value: Buffer.from(value),
});
const upload = (...parts: PublishCheckpointRequest['part'][]): ReturnType<typeof publishCheckpoint> =>
  publishCheckpoint(test.registry, messages(...parts), NEVER);

describe('an upload', () => {
  const bytes = checkpointFile(10);
  it.each<[string, string, PublishCheckpointRequest['part'][]]>([
    ['the first message of an upload must be a start', 'INVALID_ARGUMENT', []],
    ['the first message of an upload must be a start', 'INVALID_ARGUMENT', [chunk(bytes)]],
    ['start.digest must be a sha256', 'INVALID_ARGUMENT', [start(bytes, { digest: 'ABC' })]],
    ['start.size_bytes must be at least 8', 'INVALID_ARGUMENT', [start(bytes, { sizeBytes: 7 })]],
    ['start.manifest must be set', 'INVALID_ARGUMENT', [start(bytes, { manifest: undefined })]],
    [
      'manifest.parents[0] must be a sha256',
      'INVALID_ARGUMENT',
      [start(bytes, { manifest: Manifest.fromPartial({ parents: ['best'] }) })],
    ],
    [
      'manifest.data[0].teacher must be a sha256',
      'INVALID_ARGUMENT',
      [start(bytes, { manifest: Manifest.fromPartial({ data: [{ teacher: 'me' }] }) })],
    ],
    [
      'must not name the checkpoint itself',
      'INVALID_ARGUMENT',
      [start(bytes, { manifest: Manifest.fromPartial({ parents: [digestOf(bytes)] }) })],
    ],
    [
      `the parent or teacher ${'a'.repeat(64)}, which is not published`,
      'FAILED_PRECONDITION',
      [start(bytes, { manifest: Manifest.fromPartial({ parents: ['a'.repeat(64)] }) })],
    ],
    ['after the start, an upload has only chunks', 'INVALID_ARGUMENT', [start(bytes), start(bytes)]],
    [
      `a chunk must be at most ${2 ** 20} bytes`,
      'INVALID_ARGUMENT',
      [start(bytes, { sizeBytes: 2 ** 22 }), chunk(new Uint8Array(2 ** 20 + 1))],
    ],
    [
      'more bytes than the announced start.size_bytes',
      'INVALID_ARGUMENT',
      [start(bytes, { sizeBytes: bytes.length }), chunk(bytes), chunk(bytes)],
    ],
    ['the upload ended after 0 of', 'INVALID_ARGUMENT', [start(bytes)]],
    ['start.offset is 9, but only', 'FAILED_PRECONDITION', [start(bytes, { offset: 9 })]],
    [
      `digest is ${digestOf(checkpointFile(11))}, but ${digestOf(bytes)} was announced`,
      'INVALID_ARGUMENT',
      [start(bytes), chunk(checkpointFile(11))],
    ],
  ])('is refused: %s', async (message, code, parts) => {
    await expect(upload(...parts)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await test.registry.blobs.head(digestOf(bytes))).toBeUndefined();
    expect(
      await tryLease(test.registry.db, digestLease(digestOf(bytes))).then((lease) => lease?.release()),
    ).toBe(undefined);
  });

  it('that can never become the checkpoint keeps nothing, one that broke off keeps what came', async () => {
    const digest = digestOf(bytes);
    await expect(upload(start(bytes), chunk(checkpointFile(11)))).rejects.toThrow('was announced');
    expect(await getUpload(test.registry, { digest, sizeBytes: 0 })).toMatchObject({
      published: false,
      receivedBytes: 0,
    });
    await expect(upload(start(bytes), chunk(bytes.subarray(0, 1500)))).rejects.toThrow('go on from there');
    expect(await getUpload(test.registry, { digest, sizeBytes: 0 })).toMatchObject({
      published: false,
      receivedBytes: 1500,
    });
    const { existed } = await upload(start(bytes, { offset: 1500 }), chunk(bytes.subarray(1500)));
    expect(existed).toBe(false);
    expect(await getUpload(test.registry, { digest, sizeBytes: 0 })).toMatchObject({
      published: true,
      receivedBytes: 0,
    });
  });

  it('of the same bytes keeps the first manifest, and mends a damaged file', async () => {
    const digest = await test.publish(12, { seed: 1 });
    expect(await publish(test.registry, checkpointFile(12), { seed: 2 })).toMatchObject({ existed: true });
    await truncate(test.fileOf(digest), 100);
    expect(await publish(test.registry, checkpointFile(12), { seed: 3 })).toMatchObject({
      existed: true,
      repaired: true,
      checkpoint: { manifest: { seed: 1 }, damage: '' },
    });
    expect((await openBlob(test.registry, digest)).sizeBytes).toBe(checkpointFile(12).length);
  });
});

describe('the file of a checkpoint', () => {
  it('is not given once it was changed, and given again once it is whole', async () => {
    const digest = await test.publish(20);
    await writeFile(test.fileOf(digest), 'somebody else');
    await expect(openBlob(test.registry, digest)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('publish the same bytes again to repair it'),
    });
    expect((await getCheckpoint(test.registry, digest)).checkpoint!.damage).toMatch(
      /^its bytes have the sha256/,
    );
    await writeFile(test.fileOf(digest), checkpointFile(20));
    expect((await openBlob(test.registry, digest)).sizeBytes).toBe(checkpointFile(20).length);
  });

  it('is hashed once for all who want it at the same time', async () => {
    const digest = await test.publish(21);
    await writeFile(test.fileOf(digest), checkpointFile(21));
    const opened = await Promise.all(Array.from({ length: 20 }, () => openBlob(test.registry, digest)));
    expect(new Set(opened.map(({ sizeBytes }) => sizeBytes)).size).toBe(1);
    expect(test.registry.verifying.size).toBe(0);
  });

  it.each([[{ start: -1 }], [{ start: 5, end: 4 }], [{ end: 1e9 }], [{ start: 0.5 }], [{ start: NaN }]])(
    'has no bytes at %o',
    async (range) => {
      const blob = await openBlob(test.registry, await test.publish(22));
      expect(() => blob.read(range)).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }));
      const sink = new Writable();
      expect(() => blob.sendTo(sink, range)).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }));
    },
  );

  it.each([
    [4e9, 0],
    [0, 4e9],
    [4056, 100],
  ])('cannot be downloaded from %i for %i bytes', async (offset, length) => {
    const reference = await test.publish(23);
    const download = downloadCheckpoint(test.registry, { reference, offset, length }, NEVER);
    await expect(download.next()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });
});

describe('what a checkpoint was made of', () => {
  let root: string;
  let left: string;
  let top: string;
  beforeAll(async () => {
    root = await test.publish(30, { license: 'MIT' });
    left = await test.publish(31, { parents: [root], license: 'MIT' });
    const right = await test.publish(32, { parents: [root] });
    const data = [
      { role: 'pseudo-labels', uri: 'file:///l', digest: 'e'.repeat(64), teacher: right, license: 'CC0' },
    ];
    top = await test.publish(33, { parents: [left, right], data });
  });

  it('has every ancestor once, by its nearest way, and every licence that is carried', async () => {
    const { nodes, edges, licenses, truncated } = await getLineage(test.registry, {
      reference: top,
      maxDepth: 0,
    });
    expect(nodes.map(({ depth }) => depth)).toEqual([0, 1, 1, 1, 2]);
    expect(nodes.filter(({ id }) => id === `sha256:${root}`)).toHaveLength(1);
    expect(edges.map(({ relation }) => relation).sort()).toEqual([
      'labeled-by',
      'pseudo-labels',
      'started-from',
      'started-from',
      'started-from',
      'taught-by',
    ]);
    expect(licenses.map(({ license }) => license).sort()).toEqual(['', '', 'CC0', 'MIT', 'MIT']);
    expect(truncated).toBe(false);
  });

  it('says where it was cut', async () => {
    const { nodes, truncated } = await getLineage(test.registry, { reference: top, maxDepth: 1 });
    expect(nodes.map(({ depth }) => depth)).toEqual([0, 1, 1, 1]);
    expect(truncated).toBe(true);
    await expect(getLineage(test.registry, { reference: top, maxDepth: 65 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('cannot be deleted while a child or a pupil needs it', async () => {
    for (const digest of [root, left]) {
      await expect(deleteCheckpoint(test.registry, digest, NEVER)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(`names ${digest} as parent or teacher`),
      });
    }
    await deleteCheckpoint(test.registry, top, NEVER);
    expect(await test.registry.blobs.head(top)).toBeUndefined();
    await expect(deleteCheckpoint(test.registry, top, NEVER)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(deleteCheckpoint(test.registry, 'top', NEVER)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('an evaluation', () => {
  const attach = (reference: string, evaluation: object | undefined): Promise<string> =>
    attachEvaluation(test.registry, {
      reference,
      evaluation: evaluation && Evaluation.fromPartial(evaluation),
    });

  it('stays as it was first attached, newest first', async () => {
    const digest = await test.publish(40);
    await attach(digest, { id: 'one', metrics: { AP: 0.1 } });
    await attach(digest, { id: 'two', metrics: { AP: 0.2 } });
    await attach(digest, { id: 'one', metrics: { AP: 0.9 } });
    const { evaluations } = await getCheckpoint(test.registry, digest);
    expect(evaluations.map(({ id, metrics }) => [id, metrics['AP']])).toEqual([
      ['two', 0.2],
      ['one', 0.1],
    ]);
    expect(evaluations[0]).toMatchObject({ checkpointDigest: digest, createdAt: expect.any(Date) });
  });

  it.each([
    [undefined, 'INVALID_ARGUMENT', 'evaluation.id must be set'],
    [{ id: '' }, 'INVALID_ARGUMENT', 'evaluation.id must be set'],
    [
      { id: 'x', metrics: { AP: NaN } },
      'INVALID_ARGUMENT',
      'evaluation.metrics["AP"] must be a finite number',
    ],
    [
      { id: 'x', checkpointDigest: 'b'.repeat(64) },
      'INVALID_ARGUMENT',
      'evaluation.checkpoint_digest is bbb',
    ],
  ])('%o is refused', async (evaluation, code, message) => {
    const digest = await test.publish(41);
    await expect(attach(digest, evaluation)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    await expect(attach('nobody', { id: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a file that a view made', () => {
  it('is kept once, found by either name, and goes with its checkpoint', async () => {
    const digest = await test.publish(60);
    const file = { digest, view: 'pth-1', sizeBytes: 7, sha256: 'f'.repeat(64), layout: Uint8Array.of(1, 2) };
    await writeDerived(test.registry, file);
    await writeDerived(test.registry, { ...file, sizeBytes: 8 });
    for (const found of [
      await readDerived(test.registry, digest, 'pth-1'),
      await findDerived(test.registry, file.sha256),
    ]) {
      expect(found).toMatchObject({ digest, view: 'pth-1', sizeBytes: 7 });
      expect(Uint8Array.from(found!.layout)).toEqual(file.layout);
    }
    await deleteCheckpoint(test.registry, digest, NEVER);
    expect(await readDerived(test.registry, digest, 'pth-1')).toBeUndefined();
    expect(await findDerived(test.registry, file.sha256)).toBeUndefined();
  });
});
