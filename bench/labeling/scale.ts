import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectEvents, jsonCodec, openWorkQueue, startNatsServer } from '@cassl/events';
import { makePool, startProcess } from './processes.ts';

/** What a job cost; seconds of the clock from its start, seconds of processor time of the labeler alone. */
export interface ScaleRun {
  readonly error?: string;
  readonly shards: number;
  readonly images: number;
  readonly seconds: number;
  readonly indexedAt: number;
  readonly firstAt: number;
  readonly updates: number;
  /** The longest record that a watcher got. */
  readonly messageBytes: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly brokerMb: number;
  readonly digest: string;
}

const IMAGES_PER_SHARD = 6;
const WORKERS = 2;
const CONCURRENCY = 8;

/** A job of so many shards, with three watchers and workers that answer at once. */
export async function measureScale(shards: number): Promise<ScaleRun> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-scale-'));
  const server = await startNatsServer({ storeDir: join(home, 'nats') });
  const children: ChildProcess[] = [];
  const env = { CASSL_DATA_ROOTS: home, CASSL_OUTPUT_ROOTS: home };
  const start = (file: string, args: readonly string[]): ChildProcess => {
    const child = startProcess(file, args, env);
    children.push(child);
    return child;
  };
  let brokerMb = 0;
  const watching = setInterval(() => {
    void rssMb(server.pid).then((mb) => (brokerMb = Math.max(brokerMb, mb)));
  }, 500);
  try {
    makePool(join(home, 'pool'), shards * IMAGES_PER_SHARD);
    const uris = [join(home, 'pool'), join(home, 'out')].map((path) => pathToFileURL(path).href);
    const labeler = start('scale-labeler.ts', [server.url, 'scale', ...uris, String(IMAGES_PER_SHARD)]);
    for (let i = 0; i < WORKERS; i++) start('scale-worker.ts', [server.url, String(CONCURRENCY)]);
    const [told] = (await Promise.race([once(labeler, 'message'), gone(labeler)])) as [ScaleRun];
    return { ...told, brokerMb };
  } finally {
    clearInterval(watching);
    for (const child of children) child.kill('SIGKILL');
    await server.stop('SIGKILL');
    await rm(home, { recursive: true, force: true });
  }
}

export interface EnqueueRun {
  readonly shards: number;
  readonly enqueueSeconds: number;
  readonly brokerMb: number;
}

/** So many messages as long as a shard's into an empty queue. */
export async function measureEnqueue(shards: number): Promise<EnqueueRun> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-enqueue-'));
  const server = await startNatsServer({ storeDir: home });
  const connection = await connectEvents({ servers: server.url, name: 'enqueue' });
  try {
    const codec = jsonCodec<{ readonly text: string }>();
    const queue = await openWorkQueue(connection, { name: 'enqueue', codec });
    const { epoch } = await queue.openJob('job');
    const payload = { text: 'x'.repeat(400) };
    const items = Array.from({ length: shards }, (_, index) => ({ id: String(index), payload }));
    const startedAt = performance.now();
    await queue.enqueue('job', items, { epoch });
    const enqueueSeconds = (performance.now() - startedAt) / 1000;
    return { shards, enqueueSeconds, brokerMb: await rssMb(server.pid) };
  } finally {
    await connection.close();
    await server.stop('SIGKILL');
    await rm(home, { recursive: true, force: true });
  }
}

async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

async function gone(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new Error('the labeler process died');
}
