import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';

type Kill = readonly [name: string, strike: (cluster: Cluster) => Promise<boolean>];

/** What is killed in turn. The labeler stays: it is the one whose descriptors, memory and threads are watched from end to end. */
const KILLS: readonly Kill[] = [
  ['label worker', (cluster) => Promise.resolve(cluster.killWorker('labeler', 'label-worker.ts'))],
  ['evaluator', (cluster) => restart(cluster, 'evaluator')],
  ['training worker', (cluster) => Promise.resolve(cluster.killWorker('trainer', 'worker.ts'))],
  ['nats-server', (cluster) => restart(cluster, 'nats-server')],
  ['evaluation worker', (cluster) => Promise.resolve(cluster.killWorker('evaluator', 'worker.ts'))],
  ['registry', (cluster) => restart(cluster, 'registry')],
  ['trainer', (cluster) => restart(cluster, 'trainer')],
];
const AWAY_MS = 1_000;

async function restart(
  cluster: Cluster,
  name: 'evaluator' | 'registry' | 'trainer' | 'nats-server',
): Promise<boolean> {
  await cluster.kill(name);
  await delay(AWAY_MS);
  await cluster.start(name);
  return true;
}

/** Kills something every `everyMs` until the signal; answers how often each was killed. A worker that is not there is not. */
export async function runKills(
  cluster: Cluster,
  everyMs: number,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const killed: Record<string, number> = {};
  for (let turn = 0; ; turn++) {
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return killed;
    const [name, strike] = KILLS[turn % KILLS.length]!;
    if (await strike(cluster)) killed[name] = (killed[name] ?? 0) + 1;
  }
}
