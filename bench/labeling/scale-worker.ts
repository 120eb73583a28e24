/** A label worker of the scale benchmark: everything that a worker does but the inference; labels follow from the key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEvents } from '@cassl/events';
import { openShardQueue, workShards } from '@cassl/labeler/labeling';

const [url = '', concurrency = '1', ackWaitMs = '30000', pauseMs = '0', tells = ''] = process.argv.slice(2);
const connection = await connectEvents({ servers: url, name: 'scale-worker' });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('disconnect', () => stop.abort());

const queue = await openShardQueue(connection, Number(ackWaitMs));
if (tells === 'tells') process.send?.({ isConnected: true });

await workShards({
  queue,
  signal: stop.signal,
  drainMs: 1_000,
  concurrency: Number(concurrency),
  shardTimeoutMs: 60_000,
  label: async ({ checkpointDigest: checkpoint }, entries) => {
    if (pauseMs !== '0') await sleep(Number(pauseMs));
    return entries.map(({ key, location }) => ({
      key,
      digest: `sha256:${checkpoint}`,
      location,
      width: 64,
      height: 64,
      detections: [{ box: [1, 2, 30, 40], score: 0.75, category: 0 }],
      checkpoint,
      threshold: 0.05,
    }));
  },
  onEnd: ({ job, id, outcome, error }) => {
    if (tells === 'tells' && outcome === 'done') process.send?.({ done: id });
    if (outcome === 'dead') console.error(`${job}/${id} ${outcome}: ${String(error)}`);
  },
});
await connection.close();
process.exit(0);
