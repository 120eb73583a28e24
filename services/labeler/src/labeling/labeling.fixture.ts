import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManifestEntry } from '@cassl/datasets';
import { connectEvents, openEvents, startNatsServer, type EventConnection } from '@cassl/events';
import { LabelingSpec, type Labeling } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { isEnded } from '@cassl/jobs';
import { openLabelings, type Labelings, type LabelingsOptions } from './labelings.ts';
import type { ShardLabels } from './label-shard.ts';
import { openShardQueue, type ShardQueue } from './shard-queue.ts';
import { workShards, type WorkShardsOptions } from './work-shards.ts';

const ACK_WAIT_MS = 2_000;

export const TEACHER = 'a'.repeat(64);

/** A labeler, its broker and its folders; workers answer what a test wants. */
export interface TestLabeling {
  readonly home: string;
  readonly natsUrl: string;
  /** Of the queue: a worker process must be told the same. */
  readonly ackWaitMs: number;
  readonly labelings: Labelings;
  readonly queue: ShardQueue;
  readonly connection: EventConnection;
  pool(name: string, count: number): Promise<string>;
  spec(pool: string, changes?: Partial<LabelingSpec>): LabelingSpec;
  /** A worker until the answer is called. */
  work(label?: WorkShardsOptions['label'], concurrency?: number): () => Promise<void>;
  until(id: string, fits: (job: Labeling) => boolean, ms?: number): Promise<Labeling>;
  ended(id: string, ms?: number): Promise<Labeling>;
  /** Another labeler in place of this one, after the broker lost its store: nobody remembers any job. */
  forgetAll(): Promise<void>;
  /** kill -9 of the broker; with its store deleted where `wipe` says so. */
  restartBroker(wipe: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Labels made from the key alone, the same whoever makes them: one box an image. */
export function stubRows(entries: readonly ManifestEntry[], scoreOf = () => 0.75): ShardLabels {
  return entries.map(({ key, location }) => ({
    key,
    digest: `sha256:${TEACHER}`,
    location,
    width: 8,
    height: 8,
    detections: scoreOf() === 0 ? [] : [{ box: [1, 1, 5, 5], score: scoreOf(), category: 0 }],
    checkpoint: TEACHER,
    threshold: 0.05,
  }));
}

export async function openTestLabeling(
  more: Pick<LabelingsOptions, 'teacherEndpoints'> = {},
): Promise<TestLabeling> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-labeling-'));
  const storeDir = join(home, 'nats');
  let server = await startNatsServer({ storeDir });
  const connection = await connectEvents({ servers: server.url, name: 'test', replicas: 1 });
  const logger = createLogger({ name: 'test', level: process.env.CASSL_LOG_LEVEL ?? 'silent' });
  const queue = await openShardQueue(connection, ACK_WAIT_MS);
  const open = async (): Promise<Labelings> =>
    openLabelings({
      connection,
      bus: await openEvents(connection),
      queue,
      logger,
      places: [pathToFileURL(home).href],
      ...more,
      findCheckpoint: () =>
        Promise.resolve({ checkpoint: { digest: TEACHER, manifest: undefined }, path: '' } as never),
    });
  let labelings = await open();
  const restartBroker = async (wipe: boolean): Promise<void> => {
    await server.stop('SIGKILL');
    if (wipe) await rm(storeDir, { recursive: true });
    server = await startNatsServer({ storeDir, port: server.port });
  };
  const until: TestLabeling['until'] = async (id, fits, ms = 30_000) => {
    const deadline = performance.now() + ms;
    for (;;) {
      const job = await labelings.get(id);
      if (fits(job)) return job;
      if (performance.now() > deadline) throw new Error(`nothing fitted: ${JSON.stringify(job)}`);
      await sleep(50);
    }
  };
  return {
    home,
    natsUrl: server.url,
    ackWaitMs: ACK_WAIT_MS,
    get labelings() {
      return labelings;
    },
    queue,
    connection,
    async pool(name, count) {
      await mkdir(join(home, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        await writeFile(join(home, name, `${String(i).padStart(5, '0')}.jpg`), `image ${i}`);
      }
      return pathToFileURL(join(home, name)).href;
    },
    spec: (pool, changes = {}) =>
      LabelingSpec.fromPartial({
        checkpoint: TEACHER,
        pool: { uri: pool },
        outputUri: pathToFileURL(join(home, 'out')).href,
        shardSize: 4,
        health: { disabled: true },
        ...changes,
      }),
    work(label = (_shard, entries) => Promise.resolve(stubRows(entries)), concurrency = 2) {
      const stop = new AbortController();
      const done = workShards({
        queue,
        label,
        concurrency,
        signal: stop.signal,
        drainMs: 0,
        shardTimeoutMs: 60_000,
        onEnd: (end) => logger.info(end),
      });
      return async () => {
        stop.abort();
        await done;
      };
    },
    until,
    ended: (id, ms) => until(id, ({ status }) => isEnded(status), ms),
    restartBroker,
    async forgetAll() {
      await labelings.stop();
      await restartBroker(true);
      labelings = await open();
    },
    async close() {
      await labelings.stop();
      await connection.close();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
