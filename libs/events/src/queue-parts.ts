import { DiscardPolicy, RetentionPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { openBucket, type Bucket } from './bucket.ts';
import type { Codec } from './codec.ts';
import type { EventConnection } from './connect-events.ts';
import { ensureConsumer, ensureStream, fadingStream } from './ensure-stream.ts';
import { checkToken } from './names.ts';

export interface WorkQueueOptions<T> {
  /** [A-Za-z0-9_-]; one queue per kind of work. */
  readonly name: string;
  readonly codec: Codec<T>;
  /** An item whose worker is silent for so long goes to another; default 30,000 ms. Workers beat at a third of it. */
  readonly ackWaitMs?: number;
  /** Deliveries before an item is given up, default 5. */
  readonly maxDeliver?: number;
  /** Items in the queue at most, default 1,000,000; beyond it `enqueue` throws RESOURCE_EXHAUSTED. */
  readonly maxItems?: number;
}

/** Names and parts that the files of the queue share. */
export interface QueueParts<T> {
  readonly connection: EventConnection;
  readonly codec: Codec<T>;
  readonly epochs: Bucket;
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
  readonly stream: string;
  readonly deadStream: string;
  readonly adviceStream: string;
  readonly subject: (job: string) => string;
  readonly deadSubject: (job: string) => string;
  /** Makes streams and consumers where they are missing. */
  readonly ensure: () => Promise<void>;
}

/** The one durable pull consumer: a work queue takes only one per subject. */
export const WORKERS = 'workers';
/** Reads the server's advisories. */
export const UNDERTAKER = 'undertaker';
const DAY_MS = 86_400_000;

export async function openQueueParts<T>(
  connection: EventConnection,
  options: WorkQueueOptions<T>,
): Promise<QueueParts<T>> {
  const { codec, ackWaitMs = 30_000, maxDeliver = 5, maxItems = 1_000_000 } = options;
  const name = checkToken('queue', options.name);
  const stream = `WORK_${name}`;
  const deadStream = `DEAD_${name}`;
  const adviceStream = `ADVICE_${name}`;
  const ensure = async (): Promise<void> => {
    await ensureStream(connection, {
      name: stream,
      subjects: [`cassl.work.${name}.*`],
      retention: RetentionPolicy.Workqueue,
      // The default would silently drop the oldest work at the limit.
      discard: DiscardPolicy.New,
      max_msgs: maxItems,
    });
    // No subject per item: ten million subjects would take 2 GB of the server's memory.
    await ensureConsumer(connection, stream, {
      durable_name: WORKERS,
      ack_wait: nanos(ackWaitMs),
      max_deliver: maxDeliver,
      max_ack_pending: 10_000,
    });
    const fading = { maxAgeMs: 30 * DAY_MS, maxItems: 1_000_000 };
    await ensureStream(connection, fadingStream(deadStream, [`cassl.dead.${name}.*`], fading));
    const advisories = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${WORKERS}`;
    await ensureStream(connection, fadingStream(adviceStream, [advisories], fading));
    await ensureConsumer(connection, adviceStream, { durable_name: UNDERTAKER });
  };
  await ensure();
  return {
    connection,
    codec,
    epochs: await openBucket(connection, `epochs-${name}`),
    ackWaitMs,
    maxDeliver,
    stream,
    deadStream,
    adviceStream,
    subject: (job) => `cassl.work.${name}.${checkToken('job', job)}`,
    deadSubject: (job) => `cassl.dead.${name}.${checkToken('job', job)}`,
    ensure,
  };
}

/** 0 for a job that was never cancelled. */
export function epochOf(entry: { readonly value: Uint8Array | undefined } | undefined): number {
  return entry?.value === undefined ? 0 : Number(new TextDecoder().decode(entry.value));
}
