import { inSpan, SpanKind, type SpanOptions } from '@cassl/telemetry';
import { hasApiCode } from './nats-error.ts';
import type { EventConnection } from './connect-events.ts';
import { listDead, removeDead } from './dead-letters.ts';
import { keepAsking, keepPublishing } from './keep-asking.ts';
import { changeLane, readLane, type Lane } from './lanes.ts';
import { processItems } from './process-items.ts';
import type { ProcessOptions } from './process-options.ts';
import { pullItem } from './pull-item.ts';
import { ensureLaneConsumer, openQueueParts, type QueueParts, type WorkQueueOptions } from './queue-parts.ts';
import { readSubject } from './read-subject.ts';
import { itemHeaders, itemIdentity, messageId, type DeadItem } from './work-item.ts';

export interface QueueCounts {
  /** Not with any worker. */
  readonly waiting: number;
  /** With a worker, or waiting to be delivered again. */
  readonly running: number;
}

export interface NewItem<T> {
  /** Position in the job, for example "17". */
  readonly id: string;
  readonly payload: T;
}

/** How a job's items shall be handed out; what is left out stays as it is. */
export type LaneChanges = Partial<Pick<Lane, 'priority' | 'weight' | 'maxRunning' | 'isPaused' | 'pool'>>;

/**
 * Work for any number of workers: each item is with one worker at a time and stays until a worker has finished it. A worker
 * that dies loses its items to others; after `maxAttempts` attempts the worker that made the last one puts the item aside as
 * dead, with the reason. Delivery is at least once, and a slow worker's late result still counts: commit results by
 * compare-and-set. The queue is a cache: whoever fills it must be able to say again what is to be done, for a server can lose
 * its store.
 */
export interface WorkQueue<T> {
  /** Makes what a lost store has taken: streams, and nothing where nothing is missing. */
  ensure(): Promise<void>;
  /** Opens a job, or changes how its items are handed out. `epoch` is the least that it shall have. */
  openJob(job: string, changes?: LaneChanges & { readonly epoch?: number }): Promise<Lane>;
  /** How a job's items are handed out now. */
  lane(job: string): Promise<Lane>;
  /**
   * Adds items in order, up to 1,000 on the way at the same time; the answer is how many. Repeating it with the same job, epoch and
   * `copy` within two minutes adds nothing.
   * @param options.copy tells repetitions apart that shall add them again, for example "refill-3"
   */
  enqueue(
    job: string,
    items: AsyncIterable<NewItem<T>> | Iterable<NewItem<T>>,
    options: { readonly epoch: number; readonly copy?: string; readonly signal?: AbortSignal },
  ): Promise<number>;
  /** Runs `handler` on items until the signal aborts; resolves when the last handler has ended. */
  process(options: ProcessOptions<T>): Promise<void>;
  /** Closes the job under a new epoch: running items are aborted, waiting ones dropped. The answer is the new epoch. */
  cancel(job: string): Promise<number>;
  /** Closes an ended job and removes what is left of its items. */
  closeJob(job: string): Promise<void>;
  /** A job's items; `undefined` where the server knows no such job (any more). */
  counts(job: string): Promise<QueueCounts | undefined>;
  /** Since when the job's oldest item that is not done is in the queue; `undefined` where there is none. */
  oldest(job: string): Promise<Date | undefined>;
  /** Items given up, of one job or of all. */
  dead(job?: string): Promise<DeadItem<T>[]>;
  /** Puts a dead item back, with all its attempts before it. */
  requeue(item: DeadItem<T>): Promise<void>;
  /** Tells those who read the job's reports; resolves when the server keeps it. */
  report(job: string, report: { readonly id: string; readonly bytes: Uint8Array }): Promise<void>;
  /** All reports of a job, then those to come, in batches; some may come twice. Ends when the signal aborts. */
  reports(job: string, signal: AbortSignal): AsyncGenerator<readonly Uint8Array[]>;
}

const IN_FLIGHT = 1_000;
const DROP_AT_ONCE = 500;
/** No such consumer, message, stream. */
const MISSING = [10014, 10037, 10059];

export async function openWorkQueue<T>(
  connection: EventConnection,
  options: WorkQueueOptions<T>,
): Promise<WorkQueue<T>> {
  const parts = await openQueueParts(connection, options);
  const { lanes } = parts;
  const closed = (lane: Lane): Lane => ({ ...lane, isOpen: false });
  return {
    ensure: parts.ensure,
    async openJob(job, { epoch = 0, ...changes } = {}) {
      const lane = await changeLane(lanes, job, (now) => ({
        ...now,
        ...changes,
        epoch: Math.max(now.epoch, epoch),
        isOpen: true,
      }));
      await ensureLaneConsumer(parts, job, lane);
      return lane;
    },
    lane: (job) => readLane(lanes, job),
    enqueue: (job, items, enqueueOptions) =>
      inSpan(`send ${parts.stream}`, sendSpan(parts.stream, job), async (span) => {
        const count = await enqueue(parts, job, items, enqueueOptions);
        span.setAttribute('messaging.batch.message_count', count);
        return count;
      }),
    process: (processOptions) => processItems(parts, processOptions),
    async cancel(job) {
      const { epoch } = await changeLane(lanes, job, (now) => closed({ ...now, epoch: now.epoch + 1 }));
      await dropItems(parts, job, epoch - 1);
      return epoch;
    },
    async closeJob(job) {
      const { epoch } = await changeLane(lanes, job, closed);
      await dropItems(parts, job, epoch);
      await keepAsking(connection, `remove consumer ${job}`, () =>
        unlessMissing(() => connection.jsm.consumers.delete(parts.stream, job)),
      );
    },
    counts: (job) => count(parts, job),
    oldest: (job) => oldest(parts, job),
    dead: (job) => listDead(parts, job),
    async requeue({ job, id, epoch, payload, sequence }) {
      await enqueue(parts, job, [{ id, payload }], { epoch, copy: `r${sequence}` });
      await removeDead(parts, sequence);
    },
    async report(job, { id, bytes }) {
      await keepPublishing(connection, `report of ${job}`, () =>
        connection.js.publish(parts.reportSubject(job), bytes, { msgID: `${job}.${id}` }),
      );
    },
    async *reports(job, signal) {
      const from = { stream: parts.reportStream, subject: parts.reportSubject(job), signal };
      for await (const batch of readSubject(connection, from)) yield batch.map(({ data }) => data);
    },
  };
}

function sendSpan(stream: string, job: string): SpanOptions {
  return {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'nats',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': stream,
      'cassl.job.id': job,
    },
  };
}

async function enqueue<T>(
  { connection, codec, subject }: QueueParts<T>,
  job: string,
  items: AsyncIterable<NewItem<T>> | Iterable<NewItem<T>>,
  {
    epoch,
    copy = '',
    signal,
  }: { readonly epoch: number; readonly copy?: string; readonly signal?: AbortSignal },
): Promise<number> {
  const sending = new Set<Promise<void>>();
  let failure: unknown;
  let count = 0;
  for await (const { id, payload } of items) {
    signal?.throwIfAborted();
    const item = { job, id, epoch, copy, spent: 0 };
    const bytes = codec.encode(payload);
    const sent = keepPublishing(connection, `enqueue ${job}/${id}`, () =>
      connection.js.publish(subject(job), bytes, { msgID: messageId(item), headers: itemHeaders(item) }),
    ).then(
      () => void sending.delete(sent),
      (error: unknown) => void (failure ??= error),
    );
    sending.add(sent);
    count += 1;
    if (sending.size >= IN_FLIGHT) await Promise.race(sending);
    if (failure !== undefined) break;
  }
  await Promise.all(sending);
  if (failure !== undefined) throw failure as Error;
  return count;
}

async function count<T>(
  { connection, stream }: QueueParts<T>,
  job: string,
): Promise<QueueCounts | undefined> {
  return keepAsking(connection, `count items of ${job}`, () =>
    unlessMissing(async () => {
      const info = await connection.jsm.consumers.info(stream, job);
      return { waiting: info.num_pending, running: info.num_ack_pending };
    }),
  );
}

async function oldest<T>(
  { connection, stream, subject }: QueueParts<T>,
  job: string,
): Promise<Date | undefined> {
  const query = { seq: 1, next_by_subj: subject(job) };
  const message = await keepAsking(connection, `oldest item of ${job}`, () =>
    unlessMissing(() => connection.jsm.streams.getMessage(stream, query)),
  );
  return message?.time;
}

/**
 * Takes a closed job's items up to an epoch out of the queue one by one. Not by a purge with a filter: nats-server 2.9 then
 * forgets undelivered items of other jobs.
 */
async function dropItems<T>(parts: QueueParts<T>, job: string, lastEpoch: number): Promise<void> {
  const from = { stream: parts.stream, consumer: job, waitMs: 0 };
  const drop = async (): Promise<boolean> => {
    const message = await pullItem(parts.connection, from);
    if (message === undefined) return false;
    const isOld = itemIdentity(message).epoch <= lastEpoch;
    if (isOld) await message.ack();
    else message.nak(0);
    return isOld;
  };
  try {
    while ((await count(parts, job))?.waiting) {
      const dropped = await Promise.all(Array.from({ length: DROP_AT_ONCE }, drop));
      if (!dropped.includes(true)) break;
    }
  } catch {
    // Workers drop by the epoch what is still there.
  }
}

async function unlessMissing<R>(action: () => Promise<R>): Promise<R | undefined> {
  try {
    return await action();
  } catch (error) {
    if (MISSING.some((code) => hasApiCode(error, code))) return undefined;
    throw error;
  }
}
