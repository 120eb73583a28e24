import { mkdir, readdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Stage, type PruneCheckpointsRequest, type ReclaimStorageRequest } from '@cassl/proto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { deleteAlias } from '../aliases/delete-alias.ts';
import { setAlias } from '../aliases/set-alias.ts';
import type { UnfinishedUpload } from '../blobs/blob-store.ts';
import { checkpointFile, digestOf, NEVER, uploadOf } from '../checkpoints.fixture.ts';
import { digestLease } from '../checkpoints/receive-upload.ts';
import { publishCheckpoint } from '../checkpoints/publish-checkpoint.ts';
import { verifyBlob } from '../checkpoints/seal.ts';
import { tryLease } from '../database/lease.ts';
import { useRegistry } from '../registry.fixture.ts';
import { milliseconds } from './duration.ts';
import { pruneCheckpoints } from './prune-checkpoints.ts';
import { reclaimStorage } from './reclaim-storage.ts';
import { runUpkeep } from './run-upkeep.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

const PATIENT = { timeout: 10_000, interval: 10 };
const test = useRegistry();
const move = (alias: string, reference: string) =>
  setAlias(test.registry, {
    alias,
    reference,
    reason: '',
    actor: '',
    expectedDigest: '',
    onlyIfNew: false,
    validateOnly: false,
  });

describe('pruning by rule', () => {
  const prune = async (rule: Partial<PruneCheckpointsRequest>): Promise<Record<string, string>> => {
    const request = { stage: Stage.STAGE_UNSPECIFIED, tags: {}, keepNewest: 0, dryRun: true, ...rule };
    const { checkpoints } = await pruneCheckpoints(
      test.registry,
      { olderThan: undefined, ...request },
      NEVER,
    );
    return Object.fromEntries(
      checkpoints.map(({ digest, keptBecause }) => [names.get(digest) ?? digest, keptBecause]),
    );
  };
  const names = new Map<string, string>();
  let digests: Record<'root' | 'middle' | 'leaf' | 'named' | 'before' | 'loose', string>;

  /** root ← middle ← leaf; an alias at `named`, which was at `before`; nothing needs `loose`. */
  beforeAll(async () => {
    const tags = { run: 'nightly' };
    const root = await test.publish(1, { tags });
    const middle = await test.publish(2, { tags, parents: [root] });
    const leaf = await test.publish(3, { stage: Stage.STAGE_LABELER, parents: [middle] });
    const [before, named, loose] = [
      await test.publish(4, { tags }),
      await test.publish(5, { tags }),
      await test.publish(6, { tags }),
    ];
    digests = { root, middle, leaf, named, before, loose };
    for (const [name, digest] of Object.entries(digests)) names.set(digest, name);
    await move('best', before);
    await move('best', named);
  });

  it('keeps what an alias names or would go back to, and all that something which stays was made from', async () => {
    expect(await prune({ tags: { run: 'nightly' } })).toEqual({
      root: expect.stringContaining('was made from it'),
      middle: `${digests.leaf} was made from it`,
      before: 'alias best would roll back to it',
      named: 'alias best points to it',
      loose: '',
    });
  });

  it('lets a chain go whole where nothing outside needs it', async () => {
    expect(await prune({ olderThan: { seconds: 0, nanos: 0 } })).toMatchObject({
      root: '',
      middle: '',
      leaf: '',
      loose: '',
    });
  });

  it('keeps the newest of those that match, counted before their age', async () => {
    expect(Object.keys(await prune({ tags: { run: 'nightly' }, keepNewest: 4 }))).toEqual(['root']);
    expect(await prune({ keepNewest: 6 })).toEqual({});
  });

  it('is of one stage, of all tags, and of an age', async () => {
    expect(await prune({ stage: Stage.STAGE_LABELER })).toEqual({ leaf: '' });
    expect(await prune({ tags: { run: 'nightly', arm: 'x' } })).toEqual({});
    expect(await prune({ olderThan: { seconds: 3600, nanos: 0 } })).toEqual({});
  });

  it('is refused without a rule, and for an age that is none', async () => {
    await expect(prune({})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'at least one of older_than, stage, tags and keep_newest must be set',
    });
    await expect(prune({ olderThan: { seconds: -1, nanos: 0 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'older_than must not be negative, got -1000 ms',
    });
  });

  it('deletes, children first, exactly what the trial told, and tells the bytes', async () => {
    const before = await prune({ stage: Stage.STAGE_UNSPECIFIED, keepNewest: 3 });
    const { checkpoints, freedBytes } = await pruneCheckpoints(
      test.registry,
      { stage: Stage.STAGE_UNSPECIFIED, tags: {}, keepNewest: 3, dryRun: false, olderThan: undefined },
      NEVER,
    );
    expect(Object.keys(before)).toEqual(['root', 'middle', 'leaf']);
    expect(checkpoints.map(({ keptBecause }) => keptBecause)).toEqual(['', '', '']);
    expect(freedBytes).toBe(checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    const left = await test.registry.db.selectFrom('checkpoints').select('digest').execute();
    expect(left.map(({ digest }) => names.get(digest)).sort()).toEqual(['before', 'loose', 'named']);
  });

  it('frees what an alias that was deleted would not go back to', async () => {
    await deleteAlias(test.registry, { alias: 'best', reason: '', actor: '', expectedDigest: '' });
    expect(await prune({ tags: { run: 'nightly' } })).toEqual({
      before: '',
      named: 'alias best would roll back to it',
      loose: '',
    });
  });
});

describe('reclaiming storage', () => {
  const NOW = { seconds: 0, nanos: 0 };
  const reclaim = async (changes: Partial<ReclaimStorageRequest> = {}): Promise<string[]> => {
    const request = { olderThan: NOW, dryRun: false, ...changes };
    const { leftovers } = await reclaimStorage(test.registry, request, NEVER);
    return leftovers.map(({ kind, name }) => `${kind} ${name}`);
  };
  const incoming = (): string => join(test.folder, '.incoming');
  const uploads = async (): Promise<string[]> => {
    const rows = await test.registry.db.selectFrom('uploads').select('digest').execute();
    return rows.map(({ digest }) => digest);
  };
  const broken = async (seed: number): Promise<string> => {
    const bytes = checkpointFile(seed);
    const half = uploadOf(bytes.subarray(0, 2000), { digest: digestOf(bytes), sizeBytes: bytes.length });
    await expect(publishCheckpoint(test.registry, half, NEVER)).rejects.toMatchObject({
      details: { isIncomplete: true },
    });
    return digestOf(bytes);
  };

  it('takes uploads that broke off and files without a record, which a trial only names', async () => {
    const digest = await broken(20);
    const stray = 'f'.repeat(64);
    await mkdir(join(test.fileOf(stray), '..'), { recursive: true });
    await writeFile(test.fileOf(stray), 'bytes of nobody');
    const expected = [expect.stringMatching(`^upload \\.incoming/${digest}\\.`), `file ${stray}`];
    expect(await reclaim({ dryRun: true })).toEqual(expected);
    expect(await reclaim({ dryRun: true })).toEqual(expected);
    expect(await reclaim()).toEqual(expected);
    expect(await reclaim()).toEqual([]);
    expect(await uploads()).toEqual([]);
    expect(await readdir(incoming())).toEqual([]);
  });

  it('leaves what is young', async () => {
    const digest = await broken(21);
    const [name] = await readdir(incoming());
    expect(await reclaim({ olderThan: undefined })).toEqual([]);
    const old = new Date(Date.now() - 8 * 86_400_000);
    await utimes(join(incoming(), name!), old, old);
    expect(await reclaim({ olderThan: undefined })).toEqual([`upload .incoming/${name}`]);
    expect(await uploads()).not.toContain(digest);
  });

  it('leaves the bytes and the record of an upload that is going on', async () => {
    const digest = await broken(22);
    const lease = (await tryLease(test.registry.db, digestLease(digest)))!;
    expect(await reclaim()).toEqual([]);
    expect(await uploads()).toEqual([digest]);
    await lease.release();
    expect(await reclaim()).toHaveLength(1);
    expect(await uploads()).toEqual([]);
  });

  it('takes an upload that a later one replaced, and leaves what the later one needs to go on', async () => {
    const digest = digestOf(checkpointFile(25));
    const state = JSON.stringify({ uploadId: 'later', parts: [] });
    const values = { digest, size_bytes: 10, state, updated_at: new Date() };
    await test.registry.db.insertInto('uploads').values(values).execute();
    const discarded: string[] = [];
    const unfinished = async function* (): AsyncGenerator<UnfinishedUpload> {
      for (const id of ['earlier', 'later']) {
        const discard = (): Promise<void> => Promise.resolve(void discarded.push(id));
        const upload = { kind: 'multipart-upload' as const, name: id, id, digest, sizeBytes: 0 };
        yield await Promise.resolve({ ...upload, modifiedAt: new Date(0), discard });
        expect(await uploads()).toEqual(id === 'earlier' ? [digest] : []);
      }
    };
    const registry = { ...test.registry, blobs: { ...test.registry.blobs, unfinished } };
    await reclaimStorage(registry, { olderThan: NOW, dryRun: false }, NEVER);
    expect(discarded).toEqual(['earlier', 'later']);
  });

  it('goes past what is no file of its own', async () => {
    await mkdir(join(incoming(), 'lost+found'));
    const digest = await broken(23);
    expect(await reclaim()).toEqual([expect.stringMatching(`^upload \\.incoming/${digest}`)]);
    await rm(join(incoming(), 'lost+found'), { recursive: true });
  });

  it('never takes a checkpoint', async () => {
    const digest = await test.publish(24);
    expect(await reclaim()).toEqual([]);
    expect(await verifyBlob(test.registry, digest)).toBeUndefined();
  });
});

describe('verifying', () => {
  const verify = async (references: string[] = []): Promise<string[]> => {
    const told: string[] = [];
    for await (const { damage, done, total } of verifyCheckpoints(test.registry, { references }, NEVER))
      told.push(`${done}/${total} ${damage}`);
    return told;
  };

  it('tells each file once, however it was named, and what is wrong with it', async () => {
    const [good, bad, gone] = [await test.publish(30), await test.publish(31), await test.publish(32)];
    await move('good', good);
    await truncate(test.fileOf(bad), 100);
    await rename(test.fileOf(gone), `${test.fileOf(gone)}.away`);
    expect(await verify([good, 'good', `sha256:${good}`, bad, gone])).toEqual([
      '1/3 ',
      expect.stringMatching(/^2\/3 its bytes have the sha256 [0-9a-f]{64}$/),
      '3/3 its file is missing',
    ]);
    expect(test.logged).toContain('error a checkpoint is damaged and not served');
    await rename(`${test.fileOf(gone)}.away`, test.fileOf(gone));
    expect(await verify([gone])).toEqual(['1/1 ']);
  });

  it('calls nothing damaged that was deleted meanwhile', async () => {
    test.logged.length = 0;
    expect(await verifyBlob(test.registry, 'a'.repeat(64))).toBeUndefined();
    expect(test.logged).toEqual([]);
  });

  it('ends where its caller leaves', async () => {
    const stop = new AbortController();
    const walk = verifyCheckpoints(test.registry, { references: [] }, stop.signal);
    await walk.next();
    stop.abort(new Error('the client left'));
    await expect(walk.next()).rejects.toThrow('the client left');
  });

  it('refuses a reference that names nothing', async () => {
    await expect(verify(['nobody'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the upkeep of a registry', () => {
  it('begins at once, verifies what was not for long, and ends when it is told to', async () => {
    const digest = await test.publish(40);
    await truncate(test.fileOf(digest), 100);
    const stop = new AbortController();
    const running = runUpkeep(test.registry, { verifyEveryMs: 1, signal: stop.signal });
    const damage = async (): Promise<boolean> => {
      const row = await test.registry.db
        .selectFrom('checkpoints')
        .select('damage')
        .where('digest', '=', digest)
        .executeTakeFirstOrThrow();
      return row.damage !== null;
    };
    await vi.waitUntil(damage, PATIENT);
    stop.abort();
    await running;
    expect(await tryLease(test.registry.db, 'upkeep')).toBeDefined();
  });
});

describe('a duration of a request', () => {
  it.each([
    [{ seconds: 0, nanos: 0 }, 0],
    [{ seconds: 90, nanos: 500_000_000 }, 90_500],
    [{ seconds: 0, nanos: 1 }, 1e-6],
  ])('%o is %f ms', (duration, ms) => {
    expect(milliseconds('older_than', duration)).toBeCloseTo(ms, 9);
  });
});
