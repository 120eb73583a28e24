import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWork, type WorkPlace } from '@cassl/cluster';
import { internal } from '@cassl/errors';
import { isHandedOn, jobProgress, withMessage, type Lead } from '@cassl/jobs';
import { EvaluationSpec, type Evaluation, type EvaluationJob } from '@cassl/proto';
import type { RegistryClient } from '@cassl/workers';
import type { EvaluationJobFile, EvaluationMessage, Measured } from './evaluation-messages.ts';

export interface RunEvaluationOptions {
  readonly place: WorkPlace;
  readonly registry: RegistryClient;
  readonly registryAddress: string;
  /** Each job has a folder of its own in here; downloaded checkpoints go to `checkpoints`. */
  readonly dataDir: string;
}

/** One evaluation where the settings say that work runs, a worker process or a Kubernetes Job, from its beginning: it is short. The numbers are attached to the checkpoint. */
export async function runEvaluation(
  lead: Lead<EvaluationJob>,
  options: RunEvaluationOptions,
): Promise<(job: EvaluationJob) => EvaluationJob> {
  const folder = join(options.dataDir, 'evaluations', lead.id);
  await writeJobFile(lead, folder, options);
  const startedMs = Date.now();
  let measured: Measured | undefined;
  await runWork<EvaluationMessage>({
    place: options.place,
    kind: 'evaluation',
    id: lead.id,
    folder,
    signal: lead.signal,
    isLeft: isHandedOn,
    onNews: (news) =>
      void lead.change((job) =>
        job.status === undefined ? job : { ...job, status: withMessage(job.status, news) },
      ),
    onMessage(message) {
      if (message.type === 'measured') measured = message.measured;
      else lead.change(withProgress(message.done, message.total, (Date.now() - startedMs) / 1000));
    },
  });
  if (measured === undefined) throw internal('the evaluation worker ended without numbers');
  const evaluation = toEvaluation(lead.job, lead.id, measured);
  if (lead.job.spec?.detached !== true && evaluation.checkpointDigest !== '') {
    // Attaching twice is harmless.
    await options.registry.attachEvaluation({ reference: evaluation.checkpointDigest, evaluation });
  }
  const { sweep, bestThreshold, detectionsUri, notes } = measured;
  return (job) => ({
    ...job,
    evaluation,
    sweep: [...sweep],
    bestThreshold,
    detectionsUri,
    notes: [...notes],
  });
}

async function writeJobFile(
  { id, job }: Lead<EvaluationJob>,
  folder: string,
  { registryAddress, dataDir }: RunEvaluationOptions,
): Promise<void> {
  if (job.spec === undefined) throw new TypeError('a kept evaluation has a specification');
  const file: EvaluationJobFile = {
    id,
    spec: EvaluationSpec.toJSON(job.spec),
    registryAddress,
    cacheDir: join(dataDir, 'checkpoints'),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'job.json'), JSON.stringify(file, null, 2));
}

function withProgress(done: number, total: number, seconds: number): (job: EvaluationJob) => EvaluationJob {
  const rate = seconds > 0 ? done / seconds : 0;
  const etaSeconds = rate > 0 ? (total - done) / rate : 0;
  const progress = jobProgress({ done, total, unit: 'images', rate, etaSeconds });
  return (job) => (job.status === undefined ? job : { ...job, status: { ...job.status, progress } });
}

function toEvaluation({ spec }: EvaluationJob, id: string, measured: Measured): Evaluation {
  return {
    id,
    datasetDigest: measured.datasetDigest,
    datasetUri: spec?.dataset?.annotationsUri ?? '',
    metrics: { ...measured.metrics },
    imageCount: measured.imageCount,
    createdAt: new Date(),
    checkpointDigest: measured.checkpointDigest,
  };
}
