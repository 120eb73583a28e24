import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { encodeSafetensors, float32Tensor } from '@cassl/checkpoints';
import {
  Manifest,
  RegistryServiceDefinition,
  Stage,
  type PublishCheckpointRequest,
  type PublishCheckpointResponse,
  type RegistryServiceWatchResponse,
} from '@cassl/proto';
import {
  createClient,
  createLogger,
  downloadCheckpoint,
  publishCheckpointFile,
  serve,
  type RpcClient,
  type RunningServer,
} from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry, type Registry } from './registry.ts';
import { registryService } from './service.ts';
import { hasPostgres, startPostgres, type TestPostgres } from './postgres.fixture.ts';

const logger = createLogger({ name: 'registry', level: 'silent' });
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A small valid checkpoint, different for every seed. */
function file(seed: number, length = 1_000): Uint8Array {
  return encodeSafetensors(new Map([['a', float32Tensor([length], new Float32Array(length).fill(seed))]]));
}

/** What the registry must do, whatever keeps its metadata. */
function contract(name: string, database: () => { databaseUrl?: string }): void {
  describe(name, () => {
    let folder: string;
    let registry: Registry;
    let server: RunningServer;
    let client: RpcClient<RegistryServiceDefinition>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
      await open();
    });
    afterAll(async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    });
    async function open(): Promise<void> {
      registry = await openRegistry({ dataDir: folder, logger, ...database() });
      server = await serve({ name: 'registry', services: [registryService(registry)], logger });
      client = createClient(RegistryServiceDefinition, server.address, { security: {} });
    }
    async function close(): Promise<void> {
      client.close();
      await server.stop({ drainMs: 1_000 });
      await registry.close();
    }

    interface Upload {
      readonly bytes: Uint8Array;
      readonly manifest?: Partial<Manifest>;
      readonly digest?: string;
      readonly sizeBytes?: number;
      readonly offset?: number;
    }
    function upload(options: Upload): Promise<PublishCheckpointResponse> {
      const { bytes, digest = digestOf(bytes), sizeBytes = bytes.length, offset = 0 } = options;
      async function* parts(): AsyncGenerator<{ part: PublishCheckpointRequest['part'] }> {
        const manifest = Manifest.fromPartial(options.manifest ?? { stage: Stage.STAGE_WARMUP });
        yield await Promise.resolve({
          part: { $case: 'start', value: { digest, sizeBytes, offset, manifest } },
        });
        for (let start = offset; start < bytes.length; start += 1_500) {
          yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(start, start + 1_500)) } };
        }
      }
      return client.publishCheckpoint(parts(), { deadlineMs: 10_000 });
    }
    const partFiles = (): Promise<string[]> => readdir(join(folder, '.incoming'));

    it('keeps a checkpoint with its manifest and gives back its bytes', async () => {
      const bytes = file(1);
      const manifest = Manifest.fromPartial({
        stage: Stage.STAGE_LABELER,
        model: { preset: 'tiny', width: 0.5 },
        categories: [{ id: 1, name: 'object' }],
        seed: 7,
        iterations: 900,
        tags: { arm: 'warmup' },
        data: [{ role: 'labeled', uri: 'file:///x', digest: digestOf(bytes) }],
      });
      const { checkpoint, existed } = await upload({ bytes, manifest });
      expect(existed).toBe(false);
      expect(checkpoint).toMatchObject({ sizeBytes: bytes.length, tensorCount: 1, parameterCount: 1_000 });
      expect(checkpoint?.manifest).toEqual(manifest);
      const answer = await client.getCheckpoint({ reference: digestOf(bytes).slice(0, 8) });
      expect(answer.checkpoint).toEqual(checkpoint);
      const cacheDir = join(folder, 'cache');
      const { path } = await downloadCheckpoint({ client, reference: digestOf(bytes), cacheDir });
      expect(path).toBe(join(cacheDir, `${digestOf(bytes)}.safetensors`));
      expect((await upload({ bytes, manifest })).existed).toBe(true);
    });

    it('goes on with an interrupted upload where it ended', async () => {
      const bytes = file(2);
      const digest = digestOf(bytes);
      await expect(
        upload({ bytes: bytes.subarray(0, 2_000), digest, sizeBytes: bytes.length }),
      ).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('2000 of') as string,
      });
      expect(await client.getUpload({ digest })).toMatchObject({ receivedBytes: 2_000, published: false });
      await expect(upload({ bytes, offset: 3_000 })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      await close();
      await open();
      await upload({ bytes, offset: 2_000 });
      expect(await client.getUpload({ digest })).toMatchObject({ receivedBytes: 0, published: true });
      expect(await partFiles()).toEqual([]);
    });

    it('resumes a download from an offset', async () => {
      const bytes = file(3);
      await upload({ bytes });
      const chunks: Uint8Array[] = [];
      const request = { reference: digestOf(bytes), offset: 1_001 };
      for await (const message of client.downloadCheckpoint(request, { deadlineMs: 5_000 })) {
        if (chunks.length === 0)
          expect(message).toMatchObject({ digest: digestOf(bytes), sizeBytes: bytes.length });
        chunks.push(message.chunk);
      }
      expect(Buffer.concat(chunks).equals(bytes.subarray(1_001))).toBe(true);
      const beyond = client.downloadCheckpoint(
        { ...request, offset: bytes.length + 1 },
        { deadlineMs: 5_000 },
      );
      await expect(beyond[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    });

    const bad: [what: string, upload: () => Upload, message: RegExp][] = [
      [
        'a wrong header length',
        () => ({ bytes: Buffer.concat([Buffer.alloc(8, 0x7f), randomBytes(50)]) }),
        /header/,
      ],
      ['overlapping tensors', () => ({ bytes: overlapping() }), /inside tensor/],
      [
        'no safetensors at all',
        () => ({ bytes: Buffer.from('this is a text file, not a checkpoint') }),
        /header/,
      ],
      [
        'another digest',
        () => ({ bytes: file(9), digest: digestOf(file(10)) }),
        /digest is .* was announced/,
      ],
      ['more bytes than announced', () => ({ bytes: file(9), sizeBytes: 1_000 }), /header|more bytes/],
      ['a malformed digest', () => ({ bytes: file(9), digest: 'ABC' }), /start.digest .*"ABC"/],
      [
        'a malformed parent',
        () => ({ bytes: file(9), manifest: { parents: ['x'] } }),
        /manifest.parents\[0\]/,
      ],
      ['an empty file', () => ({ bytes: new Uint8Array(0) }), /start.size_bytes/],
    ];
    it.each(bad)('refuses %s and leaves nothing half-written', async (_, make, message) => {
      const options = make();
      await expect(upload(options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message) as string,
      });
      expect(await partFiles()).toEqual([]);
      const digest = options.digest ?? digestOf(options.bytes);
      await expect(client.getCheckpoint({ reference: digest })).rejects.toMatchObject({
        code: expect.stringMatching('NOT_FOUND') as string,
      });
    });

    it('lets a second publisher of the same bytes wait for the first', async () => {
      const bytes = file(4);
      const digest = digestOf(bytes);
      const gate = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<{ part: PublishCheckpointRequest['part'] }> {
        const start = { digest, sizeBytes: bytes.length, offset: 0, manifest: Manifest.fromPartial({}) };
        yield { part: { $case: 'start', value: start } };
        yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(0, 100)) } };
        await gate.promise;
        yield { part: { $case: 'chunk', value: Buffer.from(bytes.subarray(100)) } };
      }
      const first = client.publishCheckpoint(slow(), { deadlineMs: 10_000 });
      while ((await client.getUpload({ digest })).receivedBytes < 100);
      const second = upload({ bytes });
      await new Promise((resolve) => setTimeout(resolve, 100));
      gate.resolve();
      await expect(first).resolves.toMatchObject({ existed: false });
      await expect(second).resolves.toMatchObject({ existed: true });
    });

    it('moves aliases, keeps their history, and moves only from the expected place', async () => {
      const [a, b] = [digestOf(file(1)), digestOf(file(2))];
      const alias = 'warmup@prod';
      await expect(client.getAlias({ alias })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(client.getCheckpoint({ reference: alias })).rejects.toThrow(alias);
      const first = await client.setAlias({ alias, reference: a.slice(0, 12), reason: 'first' });
      expect(first.change).toMatchObject({ digest: a, previousDigest: '', reason: 'first' });
      await expect(client.setAlias({ alias, reference: b, expectedDigest: b })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(`points to ${a}`) as string,
      });
      await client.setAlias({ alias, reference: b, expectedDigest: a });
      await client.setAlias({ alias, reference: b, expectedDigest: a });
      await client.setAlias({ alias: 'copy', reference: alias });
      const { digest, history } = await client.getAlias({ alias });
      expect(digest).toBe(b);
      expect(history.map((change) => [change.digest, change.previousDigest])).toEqual([
        [b, a],
        [a, ''],
      ]);
      expect((await client.getCheckpoint({ reference: alias })).checkpoint?.aliases).toEqual(['copy', alias]);
      for (const wrong of ['', 'A', 'deadbeef', 'x'.repeat(129)]) {
        await expect(client.setAlias({ alias: wrong, reference: a })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
        });
      }
    });

    it('lets one of many movers win', async () => {
      const [a, b, c] = [digestOf(file(1)), digestOf(file(2)), digestOf(file(3))];
      await client.setAlias({ alias: 'race', reference: a });
      const moves = [b, c].map((reference) =>
        client.setAlias({ alias: 'race', reference, expectedDigest: a }),
      );
      const results = await Promise.allSettled(moves);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('carries evaluations, newest first, each once', async () => {
      const reference = digestOf(file(1));
      for (const id of ['e1', 'e2', 'e1']) {
        await client.attachEvaluation({
          reference,
          evaluation: { id, metrics: { 'bbox/AP': 0.25 }, imageCount: 3 },
        });
      }
      const { evaluations } = await client.getCheckpoint({ reference });
      expect(evaluations.map(({ id }) => id)).toEqual(['e2', 'e1']);
      expect(evaluations[0]).toMatchObject({ checkpointDigest: reference, metrics: { 'bbox/AP': 0.25 } });
      await expect(
        client.attachEvaluation({ reference, evaluation: { id: 'e3', metrics: { 'bbox/AP': NaN } } }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('lists newest first, by stage, by tags and in pages', async () => {
      const first = await client.listCheckpoints({ pageSize: 2 });
      const second = await client.listCheckpoints({ pageSize: 2, pageToken: first.nextPageToken });
      const all = [...first.checkpoints, ...second.checkpoints].map(({ digest }) => digest);
      expect(all).toEqual([4, 3, 2, 1].map((seed) => digestOf(file(seed))));
      expect(second.nextPageToken).toBe('');
      const labelers = await client.listCheckpoints({ stage: Stage.STAGE_LABELER });
      expect(labelers.checkpoints.map(({ digest }) => digest)).toEqual([digestOf(file(1))]);
      expect((await client.listCheckpoints({ tags: { arm: 'warmup' } })).checkpoints).toHaveLength(1);
      expect((await client.listCheckpoints({ tags: { arm: 'x' } })).checkpoints).toEqual([]);
      await expect(client.listCheckpoints({ pageSize: 1_001 })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await expect(client.listCheckpoints({ pageToken: 'x' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    it('deletes only what nothing needs, and says what needs it', async () => {
      const [parent, child] = [file(5), file(6)];
      await upload({ bytes: parent });
      await upload({ bytes: child, manifest: { parents: [digestOf(parent)] } });
      const remove = (bytes: Uint8Array): Promise<unknown> =>
        client.deleteCheckpoint({ digest: digestOf(bytes) });
      await expect(remove(file(2))).rejects.toThrow('alias copy points to');
      await expect(remove(parent)).rejects.toThrow('names');
      await expect(client.deleteCheckpoint({ digest: 'copy' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await remove(child);
      await remove(parent);
      await expect(remove(parent)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await upload({ bytes: parent })).existed).toBe(false);
      await remove(parent);
    });

    it('tells a watcher every change from now on', async () => {
      const changes: NonNullable<RegistryServiceWatchResponse['change']>[] = [];
      const watching = Promise.withResolvers<void>();
      const stop = new AbortController();
      const watch = (async () => {
        const options = { signal: stop.signal, onHeader: () => watching.resolve() };
        for await (const { change } of client.watch({}, options)) if (change) changes.push(change);
      })().catch((error: unknown) => error);
      await watching.promise;
      const bytes = file(7);
      const digest = digestOf(bytes);
      await upload({ bytes });
      await client.setAlias({ alias: 'watched', reference: digest });
      await client.attachEvaluation({ reference: digest, evaluation: { id: 'e' } });
      await client.setAlias({ alias: 'watched', reference: digestOf(file(1)) });
      await client.deleteCheckpoint({ digest });
      for (let i = 0; i < 50 && changes.length < 5; i++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort();
      expect(await watch).toMatchObject({ code: 'CANCELLED' });
      expect(changes.map(({ $case }) => $case)).toEqual([
        'published',
        'aliasMoved',
        'evaluatedDigest',
        'aliasMoved',
        'deletedDigest',
      ]);
      expect(changes[0]).toMatchObject({ value: { digest } });
    });

    it('publishes a file and downloads it into a cache that repairs itself', async () => {
      const path = join(folder, 'model.safetensors');
      await writeFile(path, file(8, 300_000));
      const digest = digestOf(file(8, 300_000));
      const published = await publishCheckpointFile({
        client,
        file: path,
        manifest: Manifest.fromPartial({}),
      });
      expect(published.checkpoint?.digest).toBe(digest);
      const cacheDir = join(folder, 'cache2');
      // A part of a killed process, damaged on top.
      await rm(cacheDir, { recursive: true, force: true });
      await mkdir(cacheDir);
      await writeFile(join(cacheDir, `${digest}.part`), Buffer.alloc(1_000, 1));
      const both = await Promise.all(
        [1, 2].map(() => downloadCheckpoint({ client, reference: digest, cacheDir })),
      );
      expect(new Set(both.map((one) => one.path)).size).toBe(1);
      expect(await readdir(cacheDir)).toEqual([`${digest}.safetensors`]);
      await expect(downloadCheckpoint({ client, reference: 'nowhere', cacheDir })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(
        publishCheckpointFile({ client, file: join(folder, 'absent'), manifest: {} }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}

function overlapping(): Uint8Array {
  const entry = (start: number): unknown => ({ dtype: 'F32', shape: [2], data_offsets: [start, start + 8] });
  const header = Buffer.from(JSON.stringify({ a: entry(0), b: entry(4) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(12)]);
}

contract('registry on SQLite', () => ({}));

describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());
  contract('registry on PostgreSQL', () => ({ databaseUrl: postgres.url }));
});
