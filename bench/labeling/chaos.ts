/**
 * `make chaos SEED=n N=images`: the same labeling twice, undisturbed and under random kill -9 and stalls of workers, labelers and broker, whose
 * store is wiped once and damaged once. The verdict comes from the outputs alone: each image counted once, equal digests.
 */
import { open, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsServer, type NatsServer } from '@cassl/events';
import { openLabelSet } from '@cassl/labels';
import { Kept, makePool, startProcess } from './processes.ts';
import type { ScaleRun } from './scale.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    images: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '100' },
  },
});
const [seed, images, kills] = [Number(values.seed), Number(values.images), Number(values.kills)];

const IMAGES_PER_SHARD = 64;
const WORKERS = 3;
const LABELERS = 2;
const CONCURRENCY = 4;
const ACK_WAIT_MS = '3000';
const STALL_MS = 4_000;
/** At every edge of a shard, besides the kills from outside. */
const FAILPOINTS = ['after-pull', 'after-forward', 'after-blob', 'after-commit', 'before-ack']
  .map((name) => `${name}=kill:0.003`)
  .join(',');

/** mulberry32: the same faults in the same order for the same seed; when they strike depends on the machine. */
function randomOf(state: number): () => number {
  let next = state >>> 0;
  return () => {
    next = (next + 0x6d2b79f5) >>> 0;
    let t = Math.imul(next ^ (next >>> 15), next | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Outcome {
  readonly told: ScaleRun;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

async function label(home: string, name: string, disturb: boolean): Promise<Outcome> {
  const storeDir = join(home, `nats-${name}`);
  const broker: Broker = { server: await startNatsServer({ storeDir }), storeDir };
  const { url } = broker.server;
  const out = join(home, name);
  const uris = [join(home, 'pool'), out].map((path) => pathToFileURL(path).href);
  const ended = Promise.withResolvers<ScaleRun>();
  const env = { CASSL_DATA_ROOTS: home, CASSL_OUTPUT_ROOTS: home };
  const labelers = Array.from(
    { length: disturb ? LABELERS : 1 },
    () =>
      new Kept(
        () =>
          startProcess('scale-labeler.ts', [url, name, ...uris, String(IMAGES_PER_SHARD), ACK_WAIT_MS], env),
        (message) => ended.resolve(message as ScaleRun),
      ),
  );
  const workerEnv = disturb ? { ...env, CASSL_FAILPOINTS: FAILPOINTS } : env;
  const pauseMs = disturb ? '500' : '0';
  const workers = Array.from(
    { length: WORKERS },
    () =>
      new Kept(() =>
        startProcess('scale-worker.ts', [url, String(CONCURRENCY), ACK_WAIT_MS, pauseMs], workerEnv),
      ),
  );
  const over = new AbortController();
  const startedAt = performance.now();
  const faults: Record<string, number> = {};
  const disturbing = disturb
    ? disturbAll({ broker, labelers, workers, faults, signal: over.signal })
    : undefined;
  try {
    const told = await ended.promise;
    const seconds = (performance.now() - startedAt) / 1000;
    return { told, seconds, faults, counts: await countImages(out) };
  } finally {
    over.abort();
    for (const kept of [...labelers, ...workers]) kept.stop();
    await disturbing?.catch(() => undefined);
    await broker.server.stop('SIGKILL');
  }
}

interface Broker {
  server: NatsServer;
  readonly storeDir: string;
}

interface Targets {
  readonly broker: Broker;
  readonly labelers: readonly Kept[];
  readonly workers: readonly Kept[];
  readonly faults: Record<string, number>;
  readonly signal: AbortSignal;
}

async function disturbAll({ broker, labelers, workers, faults, signal }: Targets): Promise<void> {
  const random = randomOf(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  for (let n = 0; n < kills && !signal.aborted; n++) {
    await sleep(100 + random() * 900, undefined, { signal });
    const fault = faultOf(n, random());
    faults[fault] = (faults[fault] ?? 0) + 1;
    console.error(`chaos: ${n} ${fault}`);
    if (fault === 'kill worker') one(workers).signal('SIGKILL');
    else if (fault === 'kill labeler') one(labelers).signal('SIGKILL');
    else if (fault === 'stall worker') {
      const worker = one(workers);
      worker.signal('SIGSTOP');
      void sleep(STALL_MS).then(() => worker.signal('SIGCONT'));
    } else await restartBroker(broker, fault, random);
  }
}

function faultOf(n: number, chance: number): string {
  if (n === Math.floor(kills / 3)) return 'wipe broker';
  if (n === Math.floor((kills * 2) / 3)) return 'damage broker';
  if (chance < 0.55) return 'kill worker';
  if (chance < 0.75) return 'kill labeler';
  return chance < 0.9 ? 'kill broker' : 'stall worker';
}

async function restartBroker(broker: Broker, fault: string, random: () => number): Promise<void> {
  const { storeDir } = broker;
  const { port } = broker.server;
  await broker.server.stop('SIGKILL');
  if (fault === 'wipe broker') await rm(storeDir, { recursive: true });
  if (fault === 'damage broker') await damage(storeDir, random);
  try {
    broker.server = await startNatsServer({ storeDir, port });
  } catch {
    // What an operator does with a store that the server refuses.
    await rm(storeDir, { recursive: true });
    broker.server = await startNatsServer({ storeDir, port });
  }
}

/** Cuts one file of the store in the middle and flips a bit in each of the others. */
async function damage(storeDir: string, random: () => number): Promise<void> {
  const paths = (await readdir(storeDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const [index, path] of paths.entries()) {
    const { size } = await stat(path);
    if (size === 0) continue;
    const file = await open(path, 'r+');
    try {
      if (index === 0) await file.truncate(Math.floor(size / 2));
      const at = Math.floor(random() * size);
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      await file.write(Buffer.of(buffer.readUInt8(0) ^ 16), 0, 1, at);
    } finally {
      await file.close();
    }
  }
}

/** How many images of the pool are how often in the label sets that lie in the output. */
async function countImages(out: string): Promise<Record<string, number>> {
  const folder = join(out, 'labels');
  // A job that failed before its first label has no folder.
  const names = await readdir(folder).catch(() => []);
  const sets = names.filter((name) => name.endsWith('.labelset.jsonl'));
  const times = new Map<string, number>();
  for (const name of sets) {
    for await (const { key } of (await openLabelSet(pathToFileURL(join(folder, name)).href)).rows()) {
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  const counts: Record<string, number> = { sets: sets.length, never: images - times.size };
  for (const count of times.values()) counts[`${count}×`] = (counts[`${count}×`] ?? 0) + 1;
  return counts;
}

const home = await mkdtemp(join(tmpdir(), 'cassl-chaos-'));
try {
  makePool(join(home, 'pool'), images);
  const calm = await label(home, 'calm', false);
  const wild = await label(home, 'wild', true);
  const isSame = calm.told.digest === wild.told.digest && calm.told.digest !== '';
  const isWhole = [calm, wild].every(({ counts }) => counts['1×'] === images && counts.never === 0);
  console.log(JSON.stringify({ seed, images, isSame, isWhole, calm, wild }, null, 2));
  process.exitCode = isSame && isWhole ? 0 : 1;
} finally {
  await rm(home, { recursive: true, force: true });
}
process.exit();
