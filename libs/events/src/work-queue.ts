import type { Bucket } from './bucket.ts';
import type { EventConnection } from './connect-events.ts';
import { collectDead, listDead, requeueDead } from './dead-letters.ts';
import { keepAsking } from './keep-asking.ts';
import { checkToken } from './names.ts';
import { processItems, type ProcessOptions } from './process-items.ts';
import { epochOf, openQueueParts, WORKERS, type QueueParts, type WorkQueueOptions } from './queue-parts.ts';
import { itemHeaders, messageId, type DeadItem, type ItemIdentity } from './work-item.ts';

export interface QueueCounts {
  /** Not with any worker. */
  readonly waiting: number;
  /** With a worker, or waiting to be delivered again. */
  readonly running: number;
  /** Given up. */
  readonly dead: number;
}

/**
 * Work for any number of workers: each item is with one worker at a time and stays until a worker has finished it. A worker
 * that dies loses its items to others; after `maxDeliver` deliveries an item is put aside as dead, with the reason.
 * Delivery is at least once, and a slow worker's late result still counts: commit results by compare-and-set or content
 * address.
 */
export interface WorkQueue<T> {
  /** Repeating it with the same job, id and epoch within two minutes adds nothing. */
  enqueue(item: {
    readonly job: string;
    readonly id: string;
    readonly epoch: number;
    readonly payload: T;
  }): Promise<void>;
  /** Runs `handler` on items until the signal aborts; resolves when the last handler has ended. */
  process(options: ProcessOptions<T>): Promise<void>;
  /** The job's current epoch, 0 for a new one. Items must be enqueued with it. */
  epoch(job: string): Promise<number>;
  /** Starts a new epoch: removes waiting items, aborts running ones, and has late ones of the old epoch dropped. */
  cancel(job: string): Promise<number>;
  counts(): Promise<QueueCounts>;
  /** Items given up, of one job or of all. */
  dead(job?: string): Promise<DeadItem<T>[]>;
  /** Puts a dead item back, with all its deliveries before it. */
  requeue(item: DeadItem<T>): Promise<void>;
  /** Moves given-up items to the dead ones until the signal aborts; one service that owns the queue runs it. */
  collectDead(options: { readonly signal: AbortSignal; readonly sweepEveryMs?: number }): Promise<void>;
}

export async function openWorkQueue<T>(
  connection: EventConnection,
  options: WorkQueueOptions<T>,
): Promise<WorkQueue<T>> {
  const parts = await openQueueParts(connection, options);
  const { stream, epochs } = parts;
  const epoch = async (job: string): Promise<number> => epochOf(await epochs.get(checkToken('job', job)));
  return {
    enqueue: ({ payload, ...item }) => put(parts, { ...item, requeues: 0 }, payload),
    process: (processOptions) => processItems(parts, processOptions),
    epoch,
    async cancel(job) {
      const next = await nextEpoch(epochs, checkToken('job', job));
      await keepAsking(connection, `remove items of ${job}`, () =>
        connection.jsm.streams.purge(stream, { filter: parts.subject(job) }),
      );
      return next;
    },
    counts: () => count(parts),
    dead: (job) => listDead(parts, job),
    requeue: async (item) => {
      await put(parts, { ...item, requeues: item.requeues + 1 }, item.payload);
      await requeueDead(parts, item.sequence);
    },
    collectDead: (collectOptions) => collectDead(parts, collectOptions),
  };
}

async function put<T>(parts: QueueParts<T>, item: ItemIdentity, payload: T): Promise<void> {
  const { connection, codec, subject } = parts;
  const bytes = codec.encode(payload);
  await keepAsking(connection, `enqueue ${item.job}/${item.id}`, () =>
    connection.js.publish(subject(item.job), bytes, { msgID: messageId(item), headers: itemHeaders(item) }),
  );
}

async function nextEpoch(epochs: Bucket, job: string): Promise<number> {
  for (;;) {
    const current = await epochs.get(job);
    const next = epochOf(current) + 1;
    const bytes = new TextEncoder().encode(String(next));
    const revision =
      current === undefined
        ? await epochs.create(job, bytes)
        : await epochs.update(job, bytes, current.revision);
    if (revision !== undefined) return next;
  }
}

async function count({ connection, stream, deadStream }: QueueParts<unknown>): Promise<QueueCounts> {
  return keepAsking(connection, `count items of ${stream}`, async () => {
    const [consumer, dead] = await Promise.all([
      connection.jsm.consumers.info(stream, WORKERS),
      connection.jsm.streams.info(deadStream),
    ]);
    return { waiting: consumer.num_pending, running: consumer.num_ack_pending, dead: dead.state.messages };
  });
}
