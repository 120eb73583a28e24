import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { AliasChangeKind, AliasRule, Stage } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteAlias } from './aliases/delete-alias.ts';
import { getAlias } from './aliases/get-alias.ts';
import { listAliases } from './aliases/list-aliases.ts';
import { resolveReference, resolveRevision } from './aliases/resolve-reference.ts';
import { rollbackAlias } from './aliases/rollback-alias.ts';
import { setAliasRule } from './aliases/set-alias-rule.ts';
import { setAlias } from './aliases/set-alias.ts';
import { attachEvaluation } from './checkpoints/attach-evaluation.ts';
import { deleteCheckpoint } from './checkpoints/delete-checkpoint.ts';
import { getUpload } from './checkpoints/get-upload.ts';
import { getLineage } from './checkpoints/lineage.ts';
import { openBlob } from './checkpoints/open-blob.ts';
import { publishCheckpoint } from './checkpoints/publish-checkpoint.ts';
import { openRegistry, type Registry } from './registry.ts';
import { checkpointFile, digestOf, NEVER, publish, uploadOf } from './checkpoints.fixture.ts';
import { hasPostgres, startPostgres, type TestPostgres } from './postgres.fixture.ts';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { pruneCheckpoints } from './upkeep/prune-checkpoints.ts';
import { reclaimStorage } from './upkeep/reclaim-storage.ts';
import { verifyCheckpoints } from './upkeep/verify-checkpoints.ts';
import { deliverWebhooks, signatureOf } from './webhooks/deliver-webhooks.ts';
import { createWebhook, listWebhooks } from './webhooks/manage-webhooks.ts';

const logger = createLogger({ name: 'registry', level: 'silent' });
const DATASET = 'd'.repeat(64);
const mover = { reason: '', actor: 'ada', expectedDigest: '' };
const move = (alias: string, reference: string) =>
  ({ alias, reference, ...mover, onlyIfNew: false, validateOnly: false }) as const;

interface Place {
  readonly databaseUrl?: string;
  readonly blobsUri?: string;
}

/** What holds whatever keeps metadata and files; replicas share both where the database is PostgreSQL. */
function contract(name: string, place: () => Place, isShared: boolean): void {
  describe(name, () => {
    let folder: string;
    let registry: Registry;
    let other: Registry;
    const open = (): Promise<Registry> => openRegistry({ dataDir: folder, logger, ...place() });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
      registry = await open();
      other = isShared ? await open() : registry;
    });
    afterAll(async () => {
      await registry.close();
      if (other !== registry) await other.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('lets a checkpoint pass a rule only with the evaluation, margin, stage and licences it asks for', async () => {
      const [a, b] = [checkpointFile(1), checkpointFile(2)].map(digestOf) as [string, string];
      await publish(registry, checkpointFile(1), { stage: Stage.STAGE_WARMUP, license: 'MIT' });
      await publish(registry, checkpointFile(2), { stage: Stage.STAGE_LABELER, parents: [a] });
      const rule = AliasRule.fromPartial({
        metric: 'bbox/AP',
        datasetDigest: DATASET,
        margin: 0.01,
        stage: Stage.STAGE_WARMUP,
        licenses: ['MIT'],
      });
      await setAliasRule(registry, { alias: 'gated', rule, reason: 'house rule', actor: 'ada' });
      await expect(setAlias(registry, move('gated', a))).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(
          `evaluation of bbox/AP on the data set ${DATASET}: attach one`,
        ) as string,
      });
      const evaluate = (reference: string, id: string, value: number): Promise<string> =>
        attachEvaluation(registry, {
          reference,
          evaluation: {
            id,
            datasetDigest: DATASET,
            datasetUri: '',
            metrics: { 'bbox/AP': value },
            imageCount: 1,
            createdAt: undefined,
            checkpointDigest: '',
          },
        });
      await evaluate(a, 'e1', 0.4);
      await setAlias(registry, move('gated', a));
      await evaluate(b, 'e2', 0.405);
      const refused = await setAlias(registry, move('gated', b)).catch((error: Error) => error.message);
      expect(refused).toContain('must be at least 0.41');
      expect(refused).toContain('STAGE_WARMUP is required');
      expect(refused).toContain(`the licence of sha256:${b}, which it carries, is not known`);
      expect((await getAlias(registry, { alias: 'gated', at: undefined })).digest).toBe(a);
    });

    it('tells who moved an alias, why and when, where it was at any time, and rolls it back', async () => {
      const [a, b] = [checkpointFile(1), checkpointFile(2)].map(digestOf) as [string, string];
      const first = await setAlias(registry, { ...move('prod', a), reason: 'first', actor: 'ada' });
      const second = await setAlias(other, { ...move('prod', b), reason: 'better', actor: 'bob' });
      expect(second).toMatchObject({ actor: 'bob', reason: 'better', previousDigest: a });
      const between = new Date((second.changedAt?.getTime() ?? 0) - 1);
      expect(await resolveReference(registry, 'prod', { at: between })).toBe(a);
      await expect(
        resolveReference(registry, 'prod', { at: new Date((first.changedAt?.getTime() ?? 0) - 1) }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const back = await rollbackAlias(registry, { alias: 'prod', ...mover });
      expect(back).toMatchObject({ digest: a, kind: AliasChangeKind.ALIAS_CHANGE_KIND_ROLLBACK });
      await expect(rollbackAlias(registry, { alias: 'prod', ...mover })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
      });
      expect(await resolveRevision(registry, 'prod', second.revision)).toEqual(second);
      expect(new Set([first, second, back].map(({ revision }) => revision)).size).toBe(3);
      await deleteAlias(registry, { alias: 'prod', ...mover });
      await expect(resolveReference(registry, 'prod')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await listAliases(registry)).map(({ alias }) => alias)).not.toContain('prod');
      expect(await rollbackAlias(registry, { alias: 'prod', ...mover })).toMatchObject({ digest: a });
      await expect(setAlias(registry, { ...move('prod', b), onlyIfNew: true })).rejects.toThrow(
        'only_if_new',
      );
    });

    it('gives fifty movers of one new alias one order', async () => {
      const digests = [checkpointFile(1), checkpointFile(2)].map(digestOf);
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          setAlias(i % 2 === 0 ? registry : other, { ...move('race', digests[i % 2] ?? ''), reason: `${i}` }),
        ),
      );
      const { history } = await getAlias(registry, { alias: 'race', at: undefined });
      const moves = [...history].reverse();
      expect(moves[0]?.previousDigest).toBe('');
      moves.slice(1).forEach((change, i) => expect(change.previousDigest).toBe(moves[i]?.digest));
      const news = await Promise.allSettled(
        Array.from({ length: 50 }, (_, i) =>
          setAlias(i % 2 === 0 ? registry : other, {
            ...move('race-new', digests[i % 2] ?? ''),
            onlyIfNew: true,
          }),
        ),
      );
      const winners = new Set(
        news.flatMap((one) => (one.status === 'fulfilled' ? [one.value.revision] : [])),
      );
      expect(winners.size).toBe(1);
    });

    it('makes one checkpoint of fifty publishers of the same bytes', async () => {
      const bytes = checkpointFile(7, 5_000);
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, i) => publish(i % 2 === 0 ? registry : other, bytes)),
      );
      expect(all.filter(({ existed }) => !existed)).toHaveLength(1);
    });

    it('goes on with an upload on another replica', async () => {
      const bytes = checkpointFile(8, 6_000_000);
      const digest = digestOf(bytes);
      const part = uploadOf(bytes.subarray(0, 20 << 20), { digest, sizeBytes: bytes.length });
      await expect(publishCheckpoint(registry, part, NEVER)).rejects.toThrow('go on from there');
      const { receivedBytes } = await getUpload(other, { digest, sizeBytes: 0 });
      expect(receivedBytes).toBeGreaterThanOrEqual(8 << 20);
      await publishCheckpoint(other, uploadOf(bytes, { offset: receivedBytes }), NEVER);
      const hash: Uint8Array[] = [];
      for await (const chunk of (await openBlob(registry, digest)).read()) hash.push(chunk);
      expect(digestOf(Buffer.concat(hash))).toBe(digest);
    });

    it('sends any range of a file into a stream', async () => {
      const bytes = checkpointFile(8, 6_000_000);
      const blob = await openBlob(registry, digestOf(bytes));
      const sink = new PassThrough();
      const received = sink.toArray() as Promise<Buffer[]>;
      await blob.sendTo(sink, { start: 1_000_001, end: 9_000_003 });
      sink.end();
      expect(Buffer.concat(await received).equals(bytes.subarray(1_000_001, 9_000_003))).toBe(true);
      expect(() => blob.read({ start: 5, end: 4 })).toThrow(
        expect.objectContaining({ code: 'OUT_OF_RANGE' }),
      );
    });

    it('tells what a checkpoint was made of, and refuses ancestors it does not know', async () => {
      const teacher = digestOf(checkpointFile(1));
      const data = [
        { role: 'pseudo-labels', uri: 's3://l', digest: 'e'.repeat(64), license: 'CC-BY-4.0', teacher },
      ];
      await publish(registry, checkpointFile(9), { data, seed: 5, license: 'Apache-2.0' });
      const { nodes, edges, licenses } = await getLineage(registry, {
        reference: digestOf(checkpointFile(9)),
        maxDepth: 0,
      });
      expect(nodes).toHaveLength(3);
      expect(edges.map(({ relation }) => relation).sort()).toEqual([
        'labeled-by',
        'pseudo-labels',
        'taught-by',
      ]);
      expect(licenses.map(({ license }) => license)).toEqual(['Apache-2.0', 'CC-BY-4.0', 'MIT']);
      await expect(
        publish(registry, checkpointFile(10), { parents: ['f'.repeat(64)] }),
      ).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
      });
      await expect(deleteCheckpoint(registry, teacher, NEVER)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
      });
    });

    it('prunes by rule, and never what an alias or a lineage needs', async () => {
      const rule = {
        olderThan: undefined,
        stage: Stage.STAGE_UNSPECIFIED,
        tags: { arm: 'x' },
        keepNewest: 0,
      };
      const [parent, child, loose] = [checkpointFile(20), checkpointFile(21), checkpointFile(22)];
      await publish(registry, parent, { tags: { arm: 'x' } });
      await publish(registry, child, { tags: { arm: 'x' }, parents: [digestOf(parent)] });
      await publish(registry, loose, { tags: { arm: 'x' } });
      await setAlias(registry, move('kept', digestOf(child)));
      const dry = await pruneCheckpoints(registry, { ...rule, dryRun: true }, NEVER);
      const wet = await pruneCheckpoints(registry, { ...rule, dryRun: false }, NEVER);
      expect(wet).toEqual(dry);
      expect(wet.checkpoints.map(({ keptBecause }) => keptBecause === '')).toEqual([false, false, true]);
      await expect(openBlob(registry, digestOf(loose))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await openBlob(registry, digestOf(parent));
    });

    it('tells registered addresses of moves, signed', async () => {
      const heard: { body: string; headers: Record<string, unknown> }[] = [];
      const receiver = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          heard.push({ body, headers: request.headers });
          // The first try fails: it is made again.
          response.statusCode = heard.length === 1 ? 500 : 204;
          response.end();
        });
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      const stop = new AbortController();
      const delivering = deliverWebhooks(registry, stop.signal);
      try {
        const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
        const { secret } = await createWebhook(registry, { url, aliasPrefix: 'hook' });
        await setAlias(registry, move('other', digestOf(checkpointFile(1))));
        await setAlias(registry, move('hook', digestOf(checkpointFile(1))));
        await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(2);
        const [, { body, headers } = { body: '', headers: {} }] = heard;
        expect(JSON.parse(body)).toMatchObject({ type: 'alias.moved', data: { alias: 'hook' } });
        const id = headers['webhook-id'] as string;
        const timestamp = headers['webhook-timestamp'] as string;
        expect(headers['webhook-signature']).toBe(signatureOf(secret, { id, timestamp, body }));
        await expect.poll(async () => (await listWebhooks(registry)).webhooks[0]?.pending).toBe(0);
      } finally {
        stop.abort();
        await delivering;
        receiver.close();
      }
    });
  });
}

contract('registry on SQLite and files', () => ({}), false);

describe('files of a registry', () => {
  let folder: string;
  let registry: Registry;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
    registry = await openRegistry({ dataDir: folder, logger });
  });
  afterAll(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const path = (digest: string): string => join(folder, 'blobs', 'sha256', digest.slice(0, 2), digest);

  it.each([
    [
      'flipped',
      async (file: string, bytes: Uint8Array) => writeFile(file, Buffer.from(bytes).fill(9, 2_000, 2_001)),
    ],
    ['truncated', async (file: string) => truncate(file, 1_000)],
    ['missing', async (file: string) => rm(file)],
  ])('does not serve a %s one, names it, and is repaired by the same bytes', async (_, damage) => {
    const bytes = checkpointFile(1);
    const digest = digestOf(bytes);
    await publish(registry, bytes);
    await damage(path(digest), bytes);
    await expect(openBlob(registry, digest)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.not.stringContaining(folder) as string,
    });
    const results = verifyCheckpoints(registry, { references: [digest] }, NEVER);
    const { value: result } = await results.next();
    expect(result).toMatchObject({ digest, damage: expect.stringMatching(/./) as string });
    expect(await getUpload(registry, { digest, sizeBytes: 0 })).toMatchObject({ published: false });
    expect(await publish(registry, bytes)).toMatchObject({ existed: true, repaired: true });
    expect(await readFile(path(digest))).toEqual(Buffer.from(bytes));
    await openBlob(registry, digest);
  });

  it('that a kill left behind are reclaimed, and nothing else', async () => {
    const bytes = checkpointFile(2);
    await publish(registry, bytes);
    const lost = digestOf(checkpointFile(3));
    await writeFile(join(folder, '.incoming', `${lost}.x.part`), 'part');
    await publish(registry, checkpointFile(4));
    await registry.db
      .deleteFrom('checkpoints')
      .where('digest', '=', digestOf(checkpointFile(4)))
      .execute();
    const olderThan = { seconds: 0, nanos: 0 };
    const dry = await reclaimStorage(registry, { olderThan, dryRun: true }, NEVER);
    expect(await reclaimStorage(registry, { olderThan, dryRun: false }, NEVER)).toEqual(dry);
    expect(dry.leftovers.map(({ kind }) => kind)).toEqual(['upload', 'file']);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
    await openBlob(registry, digestOf(bytes));
  });

  it('are opened by one process', async () => {
    await expect(openRegistry({ dataDir: folder, logger })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });
});

describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  contract('two replicas on PostgreSQL and files', () => ({ databaseUrl: postgres.url }), true);

  it('is UNAVAILABLE while the server is away', async () => {
    const own = await startPostgres();
    const folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
    const registry = await openRegistry({ dataDir: folder, databaseUrl: own.url, logger });
    try {
      await own.stop();
      await expect(resolveReference(registry, 'prod')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    } finally {
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasPostgres() || !hasS3())(
  'with PostgreSQL and an S3 server (S3_TEST_ENDPOINT or moto)',
  () => {
    let postgres: TestPostgres;
    let s3: TestS3;
    beforeAll(async () => {
      [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
      process.env.S3_ENDPOINT = s3.endpoint;
      await s3.makeBucket(`registry-${process.pid}`);
    }, 90_000);
    afterAll(async () => {
      delete process.env.S3_ENDPOINT;
      await Promise.all([postgres.stop(), s3.stop()]);
    });
    contract(
      'two replicas on PostgreSQL and S3',
      () => ({ databaseUrl: postgres.url, blobsUri: `s3://registry-${process.pid}/here` }),
      true,
    );
  },
);
