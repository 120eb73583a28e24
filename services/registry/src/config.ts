import { portSetting, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { z } from 'zod';

/** The registry's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7100, metricsPort: 9100 }),
  httpPort: portSetting(
    'CASSL_HTTP_PORT',
    7180,
    'Port of the HTTP views: Hugging Face Hub, OCI, `.pth`, TensorFlow.js, plain files; 0 takes a free one',
  ),
  httpRedirects: setting(
    'CASSL_HTTP_REDIRECTS',
    z.stringbool().default(true),
    'With an S3 store: stored files are fetched from it by signed addresses; false sends them from here',
  ),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/registry'),
    'Folder of the metadata and the blobs, unless they are set elsewhere',
  ),
  blobsUri: setting(
    'CASSL_BLOBS_URI',
    z.string().optional(),
    'Where checkpoint files are kept, `file:///folder` or `s3://bucket/prefix`; default: the data folder',
  ),
  databaseUrl: setting(
    'DATABASE_URL',
    z
      .string()
      .regex(/^postgres(?:ql)?:\/\//, 'must begin with postgres:// or postgresql://')
      .optional(),
    'PostgreSQL that keeps the metadata, `postgres://…`; default: SQLite in the data folder',
    { isSecret: true },
  ),
  verifyEveryHours: setting(
    'CASSL_VERIFY_EVERY_HOURS',
    z.coerce.number().min(0).max(8_760).default(168),
    'How often every stored file is hashed again, in hours; 0 leaves it to VerifyCheckpoints',
  ),
};

export type RegistryConfig = ConfigOf<typeof settings>;

export function readRegistryConfig(env: NodeJS.ProcessEnv = process.env): RegistryConfig {
  return readConfig(settings, env);
}
