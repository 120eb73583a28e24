import { addressSettings, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { z } from 'zod';

const whole = (low: number, high: number, fallback: number): z.ZodType<number> =>
  z.coerce.number().int().min(low).max(high).default(fallback);

/** The labeler's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7102, metricsPort: 9102 }),
  ...addressSettings(),
  registryAddress: setting(
    'CASSL_REGISTRY_ADDRESS',
    z.string().default('127.0.0.1:7100'),
    'Address of the registry service',
  ),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/labeler'),
    'Folder for downloaded checkpoints',
  ),
  labelWorkers: setting(
    'CASSL_LABEL_WORKERS',
    whole(0, 256, 1),
    'Worker processes that label shards; 0 where other machines do it',
  ),
  shardAckWaitMs: setting(
    'CASSL_SHARD_ACK_WAIT_MS',
    whole(1000, 3_600_000, 30_000),
    'Milliseconds of silence after which a shard goes to another worker',
  ),
  batchSize: setting('CASSL_BATCH_SIZE', whole(1, 256, 8), 'Images of one forward pass, at most'),
  batchWaitMs: setting(
    'CASSL_BATCH_WAIT_MS',
    whole(0, 1000, 4),
    'Milliseconds that a request waits for others to share its forward pass',
  ),
  maxQueuedImages: setting(
    'CASSL_MAX_QUEUED_IMAGES',
    whole(1, 100_000, 256),
    'Images that may wait for inference; beyond it requests get RESOURCE_EXHAUSTED',
  ),
};

export type LabelerConfig = ConfigOf<typeof settings>;

export function readLabelerConfig(env: NodeJS.ProcessEnv = process.env): LabelerConfig {
  return readConfig(settings, env);
}
