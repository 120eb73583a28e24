import { addressSettings, readConfig, serverSettings, setting, type ConfigOf } from '@cassl/rpc';
import { z } from 'zod';

const address = (variable: string, port: number, what: string): ReturnType<typeof setting<string>> =>
  setting(variable, z.string().default(`127.0.0.1:${port}`), `Address of the ${what} service`);

/** The trainer's settings; the table in its README is made from this. */
export const settings = {
  ...serverSettings({ port: 7101, metricsPort: 9101 }),
  ...addressSettings(),
  registryAddress: address('CASSL_REGISTRY_ADDRESS', 7100, 'registry'),
  labelerAddress: address('CASSL_LABELER_ADDRESS', 7102, 'labeler'),
  evaluatorAddress: address('CASSL_EVALUATOR_ADDRESS', 7103, 'evaluator'),
  dataDir: setting(
    'CASSL_DATA_DIR',
    z.string().default('.cassl/trainer'),
    'Folder for job files and checkpoints; must outlive the service',
  ),
  jobTemplate: setting(
    'CASSL_JOB_TEMPLATE',
    z.string().optional(),
    'YAML file of a Kubernetes Job: trainings run as Jobs by it, not as processes of this service',
  ),
  parallelTrainings: setting(
    'CASSL_PARALLEL_TRAININGS',
    z.coerce.number().int().min(1).default(1),
    'Trainings that run at the same time',
  ),
  parallelStages: setting(
    'CASSL_PARALLEL_STAGES',
    z.coerce.number().int().min(1).default(1),
    'Stages of one pipeline that run at the same time; 1 gives one machine to one stage',
  ),
  pollMs: setting(
    'CASSL_POLL_MS',
    z.coerce.number().int().min(20).default(500),
    'Milliseconds between two looks at the stages of a pipeline',
  ),
};

export type TrainerConfig = ConfigOf<typeof settings>;

export function readTrainerConfig(env: NodeJS.ProcessEnv = process.env): TrainerConfig {
  return readConfig(settings, env);
}
