import { AckPolicy, DiscardPolicy, RetentionPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { openBucket, type Bucket } from './bucket.ts';
import type { Codec } from './codec.ts';
import type { EventConnection } from './connect-events.ts';
import { ensureConsumer, ensureStream, fadingStream } from './ensure-stream.ts';
import type { Lane } from './lanes.ts';
import { checkToken } from './names.ts';

export interface WorkQueueOptions<T> {
  /** [A-Za-z0-9_-]; one queue per kind of work. */
  readonly name: string;
  readonly codec: Codec<T>;
  /** An item whose worker is silent for so long goes to another; default 30,000 ms. Workers beat at a third of it. */
  readonly ackWaitMs?: number;
  /** Attempts before an item is given up, default 5. Handing back and outages are none. */
  readonly maxAttempts?: number;
  /** Items in the queue at most, default 1,000,000; beyond it `enqueue` throws RESOURCE_EXHAUSTED. */
  readonly maxItems?: number;
}

/** Names and parts that the files of the queue share. */
export interface QueueParts<T> {
  readonly connection: EventConnection;
  readonly name: string;
  readonly codec: Codec<T>;
  /** A lane for each job. */
  readonly lanes: Bucket;
  readonly ackWaitMs: number;
  readonly maxAttempts: number;
  readonly stream: string;
  readonly deadStream: string;
  readonly reportStream: string;
  readonly subject: (job: string) => string;
  /** Of one job, or of all. */
  readonly deadSubject: (job?: string) => string;
  readonly reportSubject: (job: string) => string;
  /** Makes streams and the bucket where they are missing. */
  readonly ensure: () => Promise<void>;
}

const DAY_MS = 86_400_000;
/**
 * For so long the server remembers the ids of reports: as long as one is asked for again, twice. It costs memory, and who reads reports
 * gets some twice anyway.
 */
const REPEATED_MS = 30_000;
/** nats-server's own default is 1,000. */
const ANY_NUMBER = 100_000;

export async function openQueueParts<T>(
  connection: EventConnection,
  options: WorkQueueOptions<T>,
): Promise<QueueParts<T>> {
  const { codec, ackWaitMs = 30_000, maxAttempts = 5, maxItems = 1_000_000 } = options;
  const name = checkToken('queue', options.name);
  const [stream, deadStream, reportStream] = [`JOBS_${name}`, `DEAD_${name}`, `REPORTS_${name}`];
  const fading = { maxAgeMs: 30 * DAY_MS, maxItems: 10_000_000 };
  const ensure = async (): Promise<void> => {
    await ensureStream(connection, {
      name: stream,
      subjects: [`cassl.jobs.${name}.*`],
      retention: RetentionPolicy.Workqueue,
      // The default would silently drop the oldest work at the limit.
      discard: DiscardPolicy.New,
      max_msgs: maxItems,
    });
    await ensureStream(connection, fadingStream(deadStream, [`cassl.dead.${name}.*`], fading));
    await ensureStream(connection, {
      ...fadingStream(reportStream, [`cassl.reports.${name}.*`], fading),
      duplicate_window: nanos(REPEATED_MS),
    });
    await openBucket(connection, `lanes-${name}`);
  };
  await ensure();
  return {
    connection,
    name,
    codec,
    lanes: await openBucket(connection, `lanes-${name}`),
    ackWaitMs,
    maxAttempts,
    stream,
    deadStream,
    reportStream,
    subject: (job) => `cassl.jobs.${name}.${checkToken('job', job)}`,
    deadSubject: (job) => `cassl.dead.${name}.${job === undefined ? '*' : checkToken('job', job)}`,
    reportSubject: (job) => `cassl.reports.${name}.${checkToken('job', job)}`,
    ensure,
  };
}

/**
 * A job's own consumer: its cap is the server's to keep, and no job's items lie in the way of another's. No subject per item:
 * ten million subjects would take 2 GB of the server's memory.
 */
export async function ensureLaneConsumer<T>(parts: QueueParts<T>, job: string, lane: Lane): Promise<void> {
  await ensureConsumer(parts.connection, parts.stream, {
    durable_name: job,
    ack_policy: AckPolicy.Explicit,
    filter_subject: parts.subject(job),
    ack_wait: nanos(parts.ackWaitMs),
    // Attempts are counted by workers: what the server counts includes items that were handed back.
    max_deliver: -1,
    max_ack_pending: lane.maxRunning === 0 ? ANY_NUMBER : lane.maxRunning,
  });
}
