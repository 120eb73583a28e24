/** A labeler process of the scale benchmark: leads one job with three watchers, and tells what it cost. */
import { connectEvents, openEvents } from '@cassl/events';
import { isEnded } from '@cassl/jobs';
import { openLabelings, openShardQueue } from '@cassl/labeler/labeling';
import { Labeling, LabelingSpec } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';

const WATCHERS = 3;
const [url = '', id = '', poolUri = '', outputUri = '', shardSize = '', ackWaitMs = '30000'] =
  process.argv.slice(2);

const connection = await connectEvents({ servers: url, name: 'scale-labeler' });
const digest = 'a'.repeat(64);
const labelings = await openLabelings({
  connection,
  queue: await openShardQueue(connection, Number(ackWaitMs)),
  logger: createLogger({ name: 'scale-labeler', level: 'silent' }),
  bus: await openEvents(connection),
  findCheckpoint: () => Promise.resolve({ checkpoint: { digest, manifest: undefined }, path: '' } as never),
});
const spec = LabelingSpec.fromPartial({
  checkpoint: digest,
  pool: { uri: poolUri },
  outputUri,
  shardSize: Number(shardSize),
});

// What loading the program costs is no share of any shard.
const before = process.cpuUsage();
const startedAt = performance.now();
const since = (): number => (performance.now() - startedAt) / 1000;
await labelings.start(id, spec);
let [indexedAt, firstAt, updates, messageBytes] = [0, 0, 0, 0];
const watch = async (): Promise<void> => {
  for await (const job of labelings.watch(id, AbortSignal.timeout(3_600_000))) {
    updates += 1;
    if (job.shardCount > 0) indexedAt ||= since();
    if (job.shardsDone > 0) firstAt ||= since();
    messageBytes = Math.max(messageBytes, Labeling.encode(job).finish().length);
    if (isEnded(job.status)) return;
  }
};
await Promise.all(Array.from({ length: WATCHERS }, watch));
const seconds = since();
const { user, system } = process.cpuUsage(before);
const { maxRSS } = process.resourceUsage();
const { status, shardsDone, labeledImages, labelSetDigest } = await labelings.get(id);
process.send?.({
  error: status?.error?.message,
  shards: shardsDone,
  images: labeledImages,
  seconds,
  indexedAt,
  firstAt,
  updates,
  messageBytes,
  cpuSeconds: (user + system) / 1e6,
  peakMb: maxRSS / 1024,
  digest: labelSetDigest,
});
await labelings.stop();
await connection.close();
process.exit(0);
