import { join, resolve } from 'node:path';
import { openEngine } from '@cassl/engine';
import { connectEvents } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, createLogger, downloadCheckpoint } from '@cassl/rpc';
import { workerChannel } from '@cassl/workers';
import { readLabelerConfig } from '../config.ts';
import { labelShard } from './label-shard.ts';
import { createModelCache } from '../model-cache.ts';
import { openShardQueue, resultKey } from './shard-queue.ts';

/** One job at a time is usual; a second model covers the change from one job to the next. */
const RESIDENT_MODELS = 2;
/** A stop lets the shard in hand finish. */
const DRAIN_MS = 20_000;

// Pulls shards from the queue and labels them, as a child process of the labeler or as a pod of its own.
const logger = createLogger({ name: 'label-worker' });
const channel = workerChannel({ whenAlone: 'stop' });
const config = readLabelerConfig();
const cacheDir = resolve(join(config.dataDir, 'checkpoints'));
const registry = createClient(RegistryServiceDefinition, config.registryAddress);
const connection = await connectEvents({
  servers: config.natsUrl,
  name: 'label-worker',
  connectTimeoutMs: 60_000,
});
const { queue, results } = await openShardQueue(connection, config.shardAckWaitMs);
const models = createModelCache(RESIDENT_MODELS);
let engine: ReturnType<typeof openEngine> | undefined;

await queue.process({
  signal: channel.signal,
  drainMs: DRAIN_MS,
  handler: async ({ payload: shard, attempt, signal }) => {
    const key = resultKey(shard.labelingId, shard.index);
    if ((await results.get(key)) !== undefined) return;
    engine ??= openEngine({ logger });
    await engine;
    const { checkpoint, path } = await downloadCheckpoint({
      client: registry,
      reference: shard.checkpointDigest,
      cacheDir,
      signal,
    });
    const result = await labelShard(await models.get(checkpoint, path), shard, signal);
    const { existed } = await results.create(key, result);
    logger.info(
      { labeling: shard.labelingId, shard: shard.index, attempt, seconds: result.seconds, existed },
      'shard labeled',
    );
  },
  onEnd: ({ job, id, outcome, error }) => {
    if (outcome !== 'done') logger.warn({ labeling: job, shard: id, outcome, err: error }, 'shard not done');
  },
});
await connection.close();
process.exit(0);
