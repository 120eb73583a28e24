import { join, resolve } from 'node:path';
import { openEngine } from '@cassl/engine';
import { connectEvents } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, createLogger, downloadCheckpoint } from '@cassl/rpc';
import { startTelemetry } from '@cassl/telemetry';
import { workerChannel, type OpenModel } from '@cassl/workers';
import { readLabelerConfig } from '../config.ts';
import { createModelCache } from '../model-cache.ts';
import { createBatchMeter } from './batch-meter.ts';
import { labelShard } from './label-shard.ts';
import { openShardQueue } from './shard-queue.ts';
import { roundScore, workShards } from './work-shards.ts';

/** One job at a time is usual; a second model covers the change from one job to the next. */
const RESIDENT_MODELS = 2;
/** A stop lets the shard in hand finish. */
const DRAIN_MS = 20_000;
/** Says that the process may be stuck and another shall take its place. */
const HUNG = 70;

// Pulls shards from the queue and labels them, as a child process of the labeler or as a pod of its own.
const logger = createLogger({ name: 'label-worker' });
const channel = workerChannel({ whenAlone: 'stop' });
const telemetry = await startTelemetry({ name: 'cassl-label-worker' });
const config = readLabelerConfig();
const cacheDir = resolve(join(config.dataDir, 'checkpoints'));
const registry = createClient(RegistryServiceDefinition, config.registryAddress);
const connection = await connectEvents({
  servers: config.natsUrl,
  name: 'label-worker',
  connectTimeoutMs: 60_000,
});
const models = createModelCache(RESIDENT_MODELS);
let engine: ReturnType<typeof openEngine> | undefined;

/** A resident model needs no registry. */
async function modelOf(digest: string, signal: AbortSignal): Promise<OpenModel> {
  engine ??= openEngine({ logger });
  await engine;
  const resident = models.resident(digest);
  if (resident !== undefined) return resident;
  const found = await downloadCheckpoint({ client: registry, reference: digest, cacheDir, signal });
  return models.get(found.checkpoint, found.path);
}

await workShards({
  queue: await openShardQueue(connection, config.shardAckWaitMs),
  signal: channel.signal,
  drainMs: DRAIN_MS,
  pools: config.labelPools,
  shardTimeoutMs: config.shardTimeoutMs,
  async label(shard, entries, signal) {
    const model = await modelOf(shard.checkpointDigest, signal);
    const options = {
      threshold: roundScore(shard.threshold),
      maxDetections: shard.maxDetections,
      masks: model.detector.config.masks,
      nonOverlap: shard.nonOverlap,
    };
    const { batchSize: maxBatch, decodeMegapixels } = config;
    const batches = createBatchMeter();
    const images = {
      entries,
      options,
      maxBatch,
      decodePixels: decodeMegapixels * 1e6,
      onLabeled: batches.add,
    };
    const labels = await labelShard(model, images, signal);
    logger.info(
      { labeling: shard.labelingId, shard: shard.index, ...batches.read() },
      'shard through the network',
    );
    return labels;
  },
  onEnd({ job, id, attempt, outcome, seconds, error }) {
    const facts = { labeling: job, shard: id, attempt, outcome, seconds };
    if (outcome === 'done') logger.info(facts, 'shard labeled');
    else logger.warn({ ...facts, err: error }, 'shard not done');
    const isHung = error instanceof Error && / within \d+ m?s$/.test(error.message);
    if (!isHung) return;
    logger.error({ labeling: job, shard: id }, 'something hangs in this process: another takes its place');
    process.exit(HUNG);
  },
});
await connection.close();
await telemetry.stop();
process.exit(0);
