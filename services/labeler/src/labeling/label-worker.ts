import { join, resolve } from 'node:path';
import { openEngine } from '@cassl/engine';
import { connectEvents } from '@cassl/events';
import { detectorModel } from '@cassl/inference/pipeline';
import { RegistryServiceDefinition, type LabelingShard } from '@cassl/proto';
import { createClient, createLogger, downloadCheckpoint } from '@cassl/rpc';
import { startTelemetry } from '@cassl/telemetry';
import { openModel, workerChannel } from '@cassl/workers';
import { readLabelerConfig } from '../config.ts';
import { createModelCache } from '../model-cache.ts';
import { createBatchMeter } from './batch-meter.ts';
import { labelShard, type ShardTeacher } from './label-shard.ts';
import { roundScore } from './labeling-spec.ts';
import { openShardQueue } from './shard-queue.ts';
import { workShards } from './work-shards.ts';

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
function teacherOf(shard: LabelingShard, signal: AbortSignal): Promise<ShardTeacher> {
  const { checkpointDigest: digest, teacher, classSpecific } = shard;
  return models.get(`${digest} ${classSpecific}`, async () => {
    if (teacher !== undefined) {
      const { openTeacher } = await import('@cassl/inference/teachers');
      return { digest, model: await openTeacher(teacher, { classSpecific, signal }) };
    }
    engine ??= openEngine({ logger });
    await engine;
    const found = await downloadCheckpoint({ client: registry, reference: digest, cacheDir, signal });
    const { detector } = await openModel(found.checkpoint, found.path);
    return { digest, model: detectorModel(detector, '') };
  });
}

await workShards({
  queue: await openShardQueue(connection, config.shardAckWaitMs),
  signal: channel.signal,
  drainMs: DRAIN_MS,
  pools: config.labelPools,
  shardTimeoutMs: config.shardTimeoutMs,
  async label(shard, entries, signal, known) {
    const teacher = await teacherOf(shard, signal);
    const options = {
      threshold: roundScore(shard.threshold),
      maxDetections: shard.maxDetections,
      masks: teacher.model.config?.masks ?? true,
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
      known,
    };
    const labels = await labelShard(teacher, images, signal);
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
