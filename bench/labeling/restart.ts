import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startNatsServer } from '@cassl/events';
import { makePool, startProcess } from './processes.ts';
import type { ScaleRun } from './scale.ts';

export interface RestartRun {
  readonly shards: number;
  readonly doneBefore: number;
  /** From the moment that broker, labeler and workers are dead to the first shard done, processes started again included. */
  readonly firstDoneSeconds: number;
  /** Of them, until the broker answered. */
  readonly brokerSeconds: number;
  /** Of them, until a worker's program was loaded and its connection up. */
  readonly connectedSeconds: number;
  /** Shards done in the end: all of them. */
  readonly shardsDone: number;
}

const IMAGES_PER_SHARD = 6;
const PAUSE_MS = 5;
/** Each of a shard's two objects is on disk twice, file and name, before it counts: enough at the same time that the disk takes them together. */
const WORKERS = 2;
const CONCURRENCY = '16';
const THREADS = '16';
/** A disk that others use too does some sixty shards a second. */
const LONGEST_MS = 900_000;
const TELL_EVERY_MS = 10_000;

/** A job at whose half broker, labeler and workers are killed and started again. */
export async function measureRestart(shards: number): Promise<RestartRun> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-restart-'));
  const storeDir = join(home, 'nats');
  const env = { CASSL_DATA_ROOTS: home, CASSL_OUTPUT_ROOTS: home };
  const uris = [join(home, 'pool'), join(home, 'out')].map((path) => pathToFileURL(path).href);
  makePool(join(home, 'pool'), shards * IMAGES_PER_SHARD);
  let server = await startNatsServer({ storeDir });
  let children: ChildProcess[] = [];
  let done = 0;
  let connectedAt = 0;
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const until = (count: number): Promise<void> => new Promise((resolve) => waiting.push({ count, resolve }));
  const start = (): ChildProcess => {
    const labeler = startProcess(
      'scale-labeler.ts',
      [server.url, 'restart', ...uris, String(IMAGES_PER_SHARD)],
      env,
    );
    const workers = Array.from({ length: WORKERS }, () =>
      startProcess('scale-worker.ts', [server.url, CONCURRENCY, '2000', String(PAUSE_MS), 'tells'], {
        ...env,
        UV_THREADPOOL_SIZE: THREADS,
      }),
    );
    for (const worker of workers) {
      worker.on('message', (told: { readonly isConnected?: true }) => {
        if (told.isConnected === true) {
          connectedAt ||= performance.now();
          return;
        }
        done++;
        for (const { count, resolve } of waiting) if (done >= count) resolve();
      });
    }
    children = [labeler, ...workers];
    return labeler;
  };
  const inTime = <R>(step: Promise<R>): Promise<R> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`no end within ${LONGEST_MS / 1000} s`)),
      LONGEST_MS,
    );
    return Promise.race([step, late.promise]).finally(() => clearTimeout(timer));
  };
  const telling = setInterval(() => console.error(`restart: ${done} of ${shards} shards`), TELL_EVERY_MS);
  try {
    start();
    await inTime(until(shards / 2));
    for (const child of children) child.kill('SIGKILL');
    await server.stop('SIGKILL');
    const doneBefore = done;
    const killedAt = performance.now();
    server = await startNatsServer({ storeDir });
    const brokerSeconds = (performance.now() - killedAt) / 1000;
    connectedAt = 0;
    const labeler = start();
    const ended = once(labeler, 'message') as Promise<[ScaleRun]>;
    await inTime(until(done + 1));
    const firstDoneSeconds = (performance.now() - killedAt) / 1000;
    console.error(`restart: first shard after ${firstDoneSeconds.toFixed(2)} s`);
    const [{ shards: shardsDone }] = await inTime(ended);
    const connectedSeconds = (connectedAt - killedAt) / 1000;
    return { shards, doneBefore, firstDoneSeconds, brokerSeconds, connectedSeconds, shardsDone };
  } finally {
    clearInterval(telling);
    for (const child of children) child.kill('SIGKILL');
    await server.stop('SIGKILL');
    await rm(home, { recursive: true, force: true });
  }
}
