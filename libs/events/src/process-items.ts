import { errorCode, errorMessage } from '@cassl/errors';
import type { JsMsg } from '@nats-io/jetstream';
import { bury } from './dead-letters.ts';
import { keepAsking } from './keep-asking.ts';
import { PULL_MS, pullMessages } from './pull-messages.ts';
import { itemIdentity, type WorkItem } from './work-item.ts';
import { epochOf, WORKERS, type QueueParts } from './queue-parts.ts';

export interface ProcessOptions<T> {
  /**
   * Does the work and commits its result. Throwing gives the item back: INVALID_ARGUMENT, FAILED_PRECONDITION and
   * UNIMPLEMENTED, which no repetition can heal, put it aside as dead at once; anything else is tried again, later each time.
   */
  readonly handler: (item: WorkItem<T>) => Promise<void>;
  /** Items at the same time in this process, default 1. */
  readonly concurrency?: number;
  /** Stops taking items; running handlers get `drainMs` before their own signal aborts, then their items go back. */
  readonly signal: AbortSignal;
  /** Default 0. */
  readonly drainMs?: number;
  /** Told of every item that ended, for logs and metrics. */
  readonly onEnd?: (end: ItemEnd) => void;
}

export interface ItemEnd {
  readonly job: string;
  readonly id: string;
  readonly attempt: number;
  readonly outcome: 'done' | 'dropped' | 'handed-back' | 'retried' | 'dead';
  /** Why it was not done. */
  readonly error?: unknown;
}

const HOPELESS = new Set(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNIMPLEMENTED']);
const MAX_DELAY_MS = 30_000;

export async function processItems<T>(parts: QueueParts<T>, options: ProcessOptions<T>): Promise<void> {
  const { concurrency = 1, signal, drainMs = 0 } = options;
  const running = new Map<string, Set<{ epoch: number; controller: AbortController }>>();
  const over = new AbortController();
  const watching = watchEpochs(parts, running, over.signal);
  const abortAll = (): void => {
    for (const { controller } of [...running.values()].flatMap((items) => [...items])) controller.abort();
  };
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    if (drainMs === 0) abortAll();
    else timer = setTimeout(abortAll, drainMs);
  };
  signal.addEventListener('abort', onStop, { once: true });
  const slot = async (): Promise<void> => {
    const { connection, stream, ensure } = parts;
    for await (const message of pullMessages(connection, stream, WORKERS, ensure, signal)) {
      const { job, epoch } = itemIdentity(message);
      const entry = { epoch, controller: new AbortController() };
      const entries = running.get(job) ?? new Set();
      running.set(job, entries.add(entry));
      try {
        const end = await handle(parts, options, message, entry.controller);
        options.onEnd?.(end);
      } finally {
        entries.delete(entry);
        if (entries.size === 0) running.delete(job);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, slot));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
    over.abort();
    await watching;
  }
}

/** Aborts items whose job has moved on to a new epoch. */
async function watchEpochs<T>(
  { epochs }: QueueParts<T>,
  running: ReadonlyMap<string, ReadonlySet<{ epoch: number; controller: AbortController }>>,
  signal: AbortSignal,
): Promise<void> {
  for await (const change of epochs.watch('>', signal)) {
    for (const { epoch, controller } of running.get(change.key) ?? []) {
      if (epoch < epochOf(change)) controller.abort();
    }
  }
}

async function handle<T>(
  parts: QueueParts<T>,
  { handler, signal }: ProcessOptions<T>,
  message: JsMsg,
  controller: AbortController,
): Promise<ItemEnd> {
  const identity = itemIdentity(message);
  const { deliveryCount: attempt } = message.info;
  const end = (outcome: ItemEnd['outcome'], error?: unknown): ItemEnd => ({
    job: identity.job,
    id: identity.id,
    attempt,
    outcome,
    ...(error === undefined ? {} : { error }),
  });
  const isCurrent = async (): Promise<boolean> =>
    identity.epoch >= epochOf(await parts.epochs.get(identity.job));
  // A third of the wait leaves room for two lost beats.
  const beat = setInterval(() => message.working(), parts.ackWaitMs / 3);
  try {
    if (signal.aborted) {
      message.nak(PULL_MS);
      return end('handed-back');
    }
    if (!(await isCurrent())) {
      await finish(parts, message);
      return end('dropped');
    }
    const payload = parts.codec.decode(message.data);
    await handler({ ...identity, payload, attempt, signal: controller.signal });
    await finish(parts, message);
    return end('done');
  } catch (error) {
    if (controller.signal.aborted) {
      // Of a cancelled job or of a stopping worker: the one is dropped at its next delivery, the other goes on elsewhere.
      // Later than this worker's last pull, which would only take it again.
      message.nak(PULL_MS);
      return end('handed-back', error);
    }
    if (attempt >= parts.maxDeliver || HOPELESS.has(errorCode(error))) {
      await bury(parts, message.seq, `${errorCode(error)}: ${errorMessage(error)}`);
      return end('dead', error);
    }
    message.nak(Math.min(1_000 * 2 ** (attempt - 1), MAX_DELAY_MS));
    return end('retried', error);
  } finally {
    clearInterval(beat);
  }
}

/** Waits until the server has forgotten the item; an ack that only this side knows of would have it done twice. */
async function finish<T>({ connection }: QueueParts<T>, message: JsMsg): Promise<void> {
  await keepAsking(connection, `acknowledge item ${message.seq}`, () => message.ackAck({ timeout: 3_000 }));
}
