import { isEnded } from '@cassl/jobs';
import type { Labeling } from '@cassl/proto';
import { Gauge, type Registry } from '@cassl/rpc';
import { secondsToDrain } from './seconds-to-drain.ts';
import type { Labelings } from './labelings.ts';
import type { ShardQueue } from './shard-queue.ts';

/** A scrape must not wait for a broker that is away. */
const ASK_MS = 2_000;
/** Series are bounded: the newest labelings that run. */
const MOST_JOBS = 100;

export interface LabelingMetricsOptions {
  readonly labelings: Pick<Labelings, 'all'>;
  readonly queue: Pick<ShardQueue, 'counts' | 'oldest'>;
}

/** How much labeling work there is and how long it waits, asked whenever it is scraped. Each replica tells the same. */
export function registerLabelingMetrics(
  metrics: Registry,
  { labelings, queue }: LabelingMetricsOptions,
): void {
  const registers = [metrics];
  const open = (): Labeling[] =>
    labelings
      .all()
      .filter(({ status }) => !isEnded(status))
      .slice(0, MOST_JOBS);
  new Gauge({
    name: 'cassl_labeling_drain_seconds',
    help: 'Seconds that one worker needs for what is left, by worker pool and priority; the scaler divides by it',
    labelNames: ['pool', 'priority'],
    registers,
    collect() {
      this.reset();
      for (const { spec } of open()) {
        const { workerPool: pool = '', priority = 0 } = spec ?? {};
        this.set({ pool, priority }, secondsToDrain(labelings.all(), { pool, priority }));
      }
    },
  });
  const perJob = (name: string, help: string, read: (id: string) => Promise<number | undefined>): void => {
    new Gauge({
      name,
      help,
      labelNames: ['labeling'],
      registers,
      async collect() {
        const values = await Promise.all(
          open().map(async ({ status }) => {
            const labeling = status?.id ?? '';
            return { labeling, value: await withinTime(read(labeling)) };
          }),
        );
        this.reset();
        for (const { labeling, value } of values) if (value !== undefined) this.set({ labeling }, value);
      },
    });
  };
  perJob(
    'cassl_labeling_oldest_shard_seconds',
    'Age of the oldest shard in the queue that is not done',
    async (id) => {
      const since = await queue.oldest(id);
      return since && (Date.now() - since.getTime()) / 1000;
    },
  );
  perJob(
    'cassl_labeling_waiting_shards',
    'Shards in the queue that no worker has, 8,192 at most: what is left in all is in the drain seconds',
    async (id) => (await queue.counts(id))?.waiting,
  );
  perJob(
    'cassl_labeling_running_shards',
    'Shards that a worker has, or that wait to be delivered again',
    async (id) => (await queue.counts(id))?.running,
  );
}

/** The value, or nothing where it does not come in time: a missing sample is better than a missing scrape. */
async function withinTime(value: Promise<number | undefined>): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ASK_MS);
  try {
    return await Promise.race([value.catch(() => undefined), promise]);
  } finally {
    clearTimeout(timer);
  }
}
