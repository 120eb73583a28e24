import { setTimeout as sleep } from 'node:timers/promises';
import { handleItem } from './handle-item.ts';
import { LaneChooser } from './lane-chooser.ts';
import { decodeLane } from './lanes.ts';
import { PULL_MS, pullItem, type Delivery } from './pull-item.ts';
import type { ProcessOptions } from './process-options.ts';
import type { QueueParts } from './queue-parts.ts';
import { itemIdentity } from './work-item.ts';

/** After an outage this worker leaves the job alone for so long, twice as long each time in a row. */
const COOL_MS = 1_000;
const MAX_COOL_MS = 30_000;
const RETRY_MS = 250;
const IDLE_MS = 200;

type Running = Map<string, Set<{ readonly epoch: number; readonly controller: AbortController }>>;

export async function processItems<T>(parts: QueueParts<T>, options: ProcessOptions<T>): Promise<void> {
  const { concurrency = 1, signal, drainMs = 0 } = options;
  const running: Running = new Map();
  const chooser = new LaneChooser(options.pools);
  const over = new AbortController();
  const watching = watchLanes(parts, chooser, running, over.signal);
  const abortAll = (): void => {
    for (const { controller } of [...running.values()].flatMap((items) => [...items])) controller.abort();
  };
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    if (drainMs === 0) abortAll();
    else timer = setTimeout(abortAll, drainMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  try {
    await Promise.all(
      Array.from({ length: concurrency }, () => workOn(parts, options, { chooser, running })),
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
    over.abort();
    await watching;
  }
}

/** Takes one item after the other until the worker stops. */
async function workOn<T>(
  parts: QueueParts<T>,
  options: ProcessOptions<T>,
  { chooser, running }: { readonly chooser: LaneChooser; readonly running: Running },
): Promise<void> {
  const outages = new Map<string, number>();
  while (!options.signal.aborted) {
    const message = await takeItem(parts, chooser, options.signal);
    if (message === undefined) continue;
    const { job, epoch } = itemIdentity(message);
    const entry = { epoch, controller: new AbortController() };
    const entries = running.get(job) ?? new Set();
    running.set(job, entries.add(entry));
    try {
      const end = await handleItem({ parts, options, message, controller: entry.controller });
      chooser.charge(job, end.seconds);
      const inRow = end.outcome === 'waiting' ? (outages.get(job) ?? 0) + 1 : 0;
      outages.set(job, inRow);
      if (inRow > 0) chooser.cool(job, performance.now() + Math.min(COOL_MS * 2 ** (inRow - 1), MAX_COOL_MS));
      options.onEnd?.(end);
    } catch (error) {
      // The broker was away for long: the item comes again by itself.
      options.onEnd?.({ ...itemIdentity(message), attempt: 0, outcome: 'retried', seconds: 0, error });
    } finally {
      entries.delete(entry);
      if (entries.size === 0) running.delete(job);
    }
  }
}

/** Asks each job in turn, then waits at the first one. */
async function takeItem<T>(
  parts: QueueParts<T>,
  chooser: LaneChooser,
  signal: AbortSignal,
): Promise<Delivery | undefined> {
  const order = chooser.order(performance.now());
  const [first] = order;
  if (first === undefined) {
    await sleep(IDLE_MS);
    return undefined;
  }
  if (order.length === 1) return pullFrom(parts, first, PULL_MS);
  for (const job of order) {
    const message = await pullFrom(parts, job, 0);
    if (message !== undefined || signal.aborted) return message;
  }
  // Work that comes for another job meanwhile waits for as long at most.
  return pullFrom(parts, first, PULL_MS / 3);
}

async function pullFrom<T>(
  { connection, stream }: QueueParts<T>,
  consumer: string,
  waitMs: number,
): Promise<Delivery | undefined> {
  try {
    return await pullItem(connection, { stream, consumer, waitMs });
  } catch {
    // The server is away, or has lost the job's consumer, which the job's leader makes again.
    await sleep(RETRY_MS);
    return undefined;
  }
}

/** Follows the jobs, and aborts items whose job has moved on to a new epoch. */
async function watchLanes<T>(
  { lanes }: QueueParts<T>,
  chooser: LaneChooser,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  for await (const change of lanes.watch('>', signal)) {
    const lane = decodeLane(change.value);
    chooser.set(change.key, lane);
    for (const { epoch, controller } of running.get(change.key) ?? []) {
      if (epoch < lane.epoch) controller.abort();
    }
  }
}
