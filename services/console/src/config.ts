import { addressSettings, portSetting, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { z } from 'zod';

const address = (variable: string, port: number, what: string) =>
  setting(variable, z.string().default(`127.0.0.1:${port}`), `Address of the ${what}`);

/** The console's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7105, metricsPort: 9105 }),
  ...addressSettings(),
  httpPort: portSetting('CASSL_HTTP_PORT', 7190, 'Port of the web page; 0 takes a free one'),
  registryAddress: address('CASSL_REGISTRY_ADDRESS', 7100, 'registry'),
  trainerAddress: address('CASSL_TRAINER_ADDRESS', 7101, 'trainer'),
  labelerAddress: address('CASSL_LABELER_ADDRESS', 7102, 'labeler'),
  evaluatorAddress: address('CASSL_EVALUATOR_ADDRESS', 7103, 'evaluator'),
  registryHttpUrl: setting(
    'CASSL_REGISTRY_HTTP_URL',
    z.string().default('http://127.0.0.1:7180'),
    "Address of the registry's HTTP views as users reach them, for the pull commands that pages show",
  ),
  oidcClientId: setting(
    'CASSL_OIDC_CLIENT_ID',
    z.string().optional(),
    'The console as the issuer knows it: people sign in with their account there, and come back to /api/session/oidc/callback',
  ),
  oidcClientSecret: setting(
    'CASSL_OIDC_CLIENT_SECRET',
    z.string().optional(),
    'Its secret; without one it is a public client, which PKCE proves',
  ),
  oidcScopes: setting(
    'CASSL_OIDC_SCOPES',
    z.string().default('openid'),
    'What it asks the issuer for, for example `openid cassl:read cassl:train`',
  ),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/console'),
    'Folder for thumbnails and for detections of evaluations, which can all be made again',
  ),
  thumbnailMegabytes: setting(
    'CASSL_THUMBNAIL_MB',
    z.coerce.number().int().min(16).default(1024),
    'How much of it thumbnails may take',
  ),
  logsDir: setting(
    'CASSL_LOGS_DIR',
    z.string().optional(),
    "Folder of the services' log files, whose last lines pages show; on one machine `cassl up` sets it",
  ),
  experimentsDir: setting(
    'CASSL_EXPERIMENTS_DIR',
    z.string().optional(),
    'Folder of the records that `cassl experiment` writes, HOME/experiments; on one machine `cassl up` sets it',
  ),
};

export type ConsoleConfig = ConfigOf<typeof settings>;

export function readConsoleConfig(env: NodeJS.ProcessEnv = process.env): ConsoleConfig {
  return readConfig(settings, env);
}
