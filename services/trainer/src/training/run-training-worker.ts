import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainingSpec } from '@cassl/proto';
import type { WorkerContext } from '@cassl/workers';
import { launchRanks } from './launch-ranks.ts';
import { placeFromEnvironment, planRanks } from './rank-plan.ts';
import { runTrainingJob, type TrainingJobOptions } from './run-training-job.ts';
import type { TrainingJobFile, TrainingMessage } from './training-messages.ts';

export interface TrainingWorkerOptions
  extends WorkerContext<TrainingMessage>, Pick<TrainingJobOptions, 'publish'> {
  /** The entry file that runs this, for ranks in processes of their own. */
  readonly entry: string;
}

/** A training worker: the training itself, one rank of it, or the launcher of the ranks of this machine. */
export async function runTrainingWorker(options: TrainingWorkerOptions): Promise<void> {
  const { folder, report } = options;
  const job = JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')) as TrainingJobFile;
  const place = placeFromEnvironment();
  if (place !== undefined) return runTrainingJob({ ...options, job, place });
  const plan = planRanks(TrainingSpec.fromJSON(job.spec));
  if (plan.size === 1) return runTrainingJob({ ...options, job });
  return launchRanks({ ...options, plan, report: (message) => report(message as TrainingMessage) });
}
