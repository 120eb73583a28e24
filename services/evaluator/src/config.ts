import { addressSettings, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { z } from 'zod';

/** The evaluator's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7103, metricsPort: 9103 }),
  ...addressSettings(),
  registryAddress: setting(
    'CASSL_REGISTRY_ADDRESS',
    z.string().default('127.0.0.1:7100'),
    'Address of the registry service',
  ),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/evaluator'),
    'Folder for downloaded checkpoints',
  ),
  jobTemplate: setting(
    'CASSL_JOB_TEMPLATE',
    z.string().optional(),
    'YAML file of a Kubernetes Job: evaluations run as Jobs by it, not as processes of this service',
  ),
  parallelEvaluations: setting(
    'CASSL_PARALLEL_EVALUATIONS',
    z.coerce.number().int().min(1).default(1),
    'Evaluations that run at the same time',
  ),
};

export type EvaluatorConfig = ConfigOf<typeof settings>;

export function readEvaluatorConfig(env: NodeJS.ProcessEnv = process.env): EvaluatorConfig {
  return readConfig(settings, env);
}
