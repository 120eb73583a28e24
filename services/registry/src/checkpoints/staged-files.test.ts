import { truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkpointFile, digestOf, NEVER, publish } from '../checkpoints.fixture.ts';
import { tryLease } from '../database/lease.ts';
import { useRegistry } from '../registry.fixture.ts';
import { reclaimStorage } from '../upkeep/reclaim-storage.ts';
import { deleteCheckpoint } from './delete-checkpoint.ts';
import { getUpload } from './get-upload.ts';
import { digestLease } from './receive-upload.ts';
import { isKept, receivedBytes, stagedFile, stageFile, stagePart } from './staged-files.ts';

const test = useRegistry();
const sent = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000)
    yield await Promise.resolve(bytes.subarray(at, at + 1_000));
};
const stage = (bytes: Uint8Array, offset = 0, digest = digestOf(bytes)): Promise<void> =>
  stageFile(test.registry, { digest, sizeBytes: bytes.length, offset }, sent(bytes.subarray(offset)), NEVER);
const part = (bytes: Uint8Array, start: number, end: number): Promise<void> =>
  stagePart(
    test.registry,
    { digest: digestOf(bytes), sizeBytes: bytes.length, offset: start, end },
    sent(bytes.subarray(start, end)),
    NEVER,
  );

describe('a staged file', () => {
  it('is kept, and no checkpoint until it is published, which then sends no byte', async () => {
    const bytes = checkpointFile(1);
    const digest = digestOf(bytes);
    await stage(bytes);
    expect(await isKept(test.registry, digest)).toBe(true);
    expect(await getUpload(test.registry, { digest, sizeBytes: 0 })).toMatchObject({
      published: false,
      receivedBytes: bytes.length,
    });
    expect(await publish(test.registry, bytes, { license: 'MIT' })).toMatchObject({ existed: false });
    expect(await stagedFile(test.registry, digest)).toBeUndefined();
    expect(await isKept(test.registry, digest)).toBe(true);
  });

  it('is taken in once, however often and by how many it is sent at the same time', async () => {
    const bytes = checkpointFile(2);
    await Promise.all(Array.from({ length: 8 }, () => stage(bytes)));
    await stage(bytes);
    expect(await receivedBytes(test.registry, digestOf(bytes))).toBe(bytes.length);
    const names: string[] = [];
    for await (const { name } of test.registry.blobs.unfinished()) names.push(name);
    expect(names).toEqual([]);
  });

  it('whose bytes were touched is none, and is sent again', async () => {
    const bytes = checkpointFile(3);
    const digest = digestOf(bytes);
    await stage(bytes);
    await truncate(test.fileOf(digest), 100);
    expect(await isKept(test.registry, digest)).toBe(false);
    expect(await receivedBytes(test.registry, digest)).toBe(0);
    await stage(bytes);
    expect(await isKept(test.registry, digest)).toBe(true);
  });

  it('that is not what was announced leaves nothing', async () => {
    const [bytes, other] = [checkpointFile(4), checkpointFile(5)];
    await expect(stage(other, 0, digestOf(bytes))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('was announced') as string,
    });
    await expect(stage(Buffer.alloc(500))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await isKept(test.registry, digestOf(bytes))).toBe(false);
    expect(await receivedBytes(test.registry, digestOf(bytes))).toBe(0);
    expect(await test.registry.blobs.head(digestOf(bytes))).toBeUndefined();
    const lease = await tryLease(test.registry.db, digestLease(digestOf(bytes)));
    expect(lease).toBeDefined();
    await lease?.release();
  });

  it('comes in parts, one after the other, each of which may be sent again', async () => {
    const bytes = checkpointFile(6);
    const digest = digestOf(bytes);
    await expect(part(bytes, 2_000, 3_000)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await part(bytes, 0, 2_000);
    await part(bytes, 0, 2_000);
    expect(await receivedBytes(test.registry, digest)).toBe(2_000);
    await part(bytes, 2_000, 3_000);
    await part(bytes, 0, 2_000);
    expect(await receivedBytes(test.registry, digest)).toBe(3_000);
    await stage(bytes, 3_000);
    expect(await isKept(test.registry, digest)).toBe(true);
  });

  it('with a wrong part in it is found out at its end, and begins anew', async () => {
    const bytes = checkpointFile(7);
    const wrong = Uint8Array.from(bytes).fill(7, 1_500, 1_600);
    await stagePart(
      test.registry,
      { digest: digestOf(bytes), sizeBytes: bytes.length, offset: 0, end: 2_000 },
      sent(wrong.subarray(0, 2_000)),
      NEVER,
    );
    await expect(stage(bytes, 2_000)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await receivedBytes(test.registry, digestOf(bytes))).toBe(0);
    await stage(bytes);
    expect(await isKept(test.registry, digestOf(bytes))).toBe(true);
  });

  it('too short or too long a part keeps the parts before it', async () => {
    const bytes = checkpointFile(8);
    await part(bytes, 0, 1_000);
    const start = { digest: digestOf(bytes), sizeBytes: bytes.length, offset: 1_000, end: 2_000 };
    const of = (from: number, to: number): Promise<void> =>
      stagePart(test.registry, start, sent(bytes.subarray(from, to)), NEVER);
    await expect(of(1_000, 1_500)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(of(1_000, 2_500)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await receivedBytes(test.registry, digestOf(bytes))).toBeGreaterThanOrEqual(1_000);
    await of(1_000, 2_000);
    await stage(bytes, 2_000);
    expect(await isKept(test.registry, digestOf(bytes))).toBe(true);
  });

  it('that nobody commits is reclaimed after its day, and one that is published stays', async () => {
    const [lost, kept] = [checkpointFile(9), checkpointFile(10)];
    await stage(lost);
    await stage(kept);
    await publish(test.registry, kept);
    await reclaimStorage(test.registry, { olderThan: { seconds: 3_600, nanos: 0 }, dryRun: false }, NEVER);
    expect(await isKept(test.registry, digestOf(lost))).toBe(true);
    await reclaimStorage(test.registry, { olderThan: { seconds: 0, nanos: 0 }, dryRun: false }, NEVER);
    expect(await isKept(test.registry, digestOf(lost))).toBe(false);
    expect(await isKept(test.registry, digestOf(kept))).toBe(true);
  });

  it('survives that the checkpoint of the same bytes was deleted and comes again', async () => {
    const bytes = checkpointFile(11);
    await publish(test.registry, bytes);
    await stage(bytes);
    await deleteCheckpoint(test.registry, digestOf(bytes), NEVER);
    expect(await isKept(test.registry, digestOf(bytes))).toBe(false);
    await stage(bytes);
    expect(await publish(test.registry, bytes)).toMatchObject({ existed: false });
  });
});
