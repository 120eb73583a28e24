import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWork, type WorkPlace } from '@cassl/cluster';
import { internal } from '@cassl/errors';
import { isHandedOn, jobProgress, withMessage, type Lead } from '@cassl/jobs';
import { TrainingSpec, type Training, type TrainingPoint } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { MODEL_FILE } from './publish-training.ts';
import { thinCurve } from './thin-curve.ts';
import { CHECKPOINT_FILE } from './training-checkpoint.ts';
import type { TrainingJobFile, TrainingMessage } from './training-messages.ts';

export interface RunTrainingOptions {
  readonly place: WorkPlace;
  /** Each job has a folder of its own in here; downloaded checkpoints go to `checkpoints`. */
  readonly dataDir: string;
  readonly registryAddress: string;
  readonly logger: Logger;
}

/** One training where the settings say that work runs: a worker process or a Kubernetes Job, which goes on from the last checkpoint in the job's folder. */
export async function runTraining(
  lead: Lead<Training>,
  options: RunTrainingOptions,
): Promise<(job: Training) => Training> {
  const folder = join(options.dataDir, lead.id);
  const unchanged = (job: Training): Training => job;
  // An earlier leader had published it and died before it could say so.
  if (lead.job.checkpointDigest !== '') return unchanged;
  await writeJobFile(lead, folder, options);
  await runWork<TrainingMessage>({
    place: options.place,
    kind: 'training',
    id: lead.id,
    folder,
    ...machinesOf(lead.job.spec),
    signal: lead.signal,
    isLeft: isHandedOn,
    onNews: (news) => say(lead, news),
    onMessage: (message) => handle(lead, message, options),
  });
  if (lead.job.checkpointDigest === '') throw internal('the training worker ended without a checkpoint');
  await lead.flush();
  // The registry has it now.
  for (const file of [CHECKPOINT_FILE, MODEL_FILE]) await rm(join(folder, file), { force: true });
  return unchanged;
}

/** What the place must find for it; 0 leaves it to the place. */
function machinesOf(spec: TrainingSpec | undefined): { readonly nodes: number; readonly gpus?: number } {
  const { nodes = 0, gpus = 0 } = spec ?? {};
  return { nodes: Math.max(1, nodes), ...(gpus > 0 && { gpus }) };
}

/** For people: what the job waits for. */
function say(lead: Lead<Training>, words: string): void {
  lead.change((job) => (job.status === undefined ? job : { ...job, status: withMessage(job.status, words) }));
}

function handle(
  lead: Lead<Training>,
  message: TrainingMessage,
  { logger, registryAddress }: RunTrainingOptions,
): void {
  switch (message.type) {
    case 'started': {
      const { engine, resumedFrom, notes, curve = [] } = message;
      if (resumedFrom > 0) {
        logger.info({ training: lead.id, resumedFrom }, 'training resumed from its last checkpoint');
      }
      lead.change((job) => ({
        ...job,
        engine,
        resumedFrom,
        notes: [...notes],
        curve: curve.length > 0 ? [...curve] : job.curve.filter(({ iteration }) => iteration <= resumedFrom),
      }));
      return;
    }
    case 'notes':
      lead.change((job) => ({ ...job, notes: [...message.notes] }));
      return;
    case 'progress':
      lead.change((job) => withPoint(job, message.point));
      return;
    case 'checkpoint':
      logger.debug({ training: lead.id, iteration: message.iteration }, 'resumable checkpoint written');
      return;
    case 'publishing':
      say(lead, `publishing the checkpoint to the registry at ${registryAddress}`);
      return;
    case 'published':
      lead.change((job) => ({ ...job, checkpointDigest: message.digest }));
  }
}

async function writeJobFile(
  { id, job }: Lead<Training>,
  folder: string,
  { registryAddress, dataDir }: RunTrainingOptions,
): Promise<void> {
  if (job.spec === undefined) throw new TypeError('a kept training has a specification');
  const file: TrainingJobFile = {
    id,
    spec: TrainingSpec.toJSON(job.spec),
    registryAddress,
    cacheDir: join(dataDir, 'checkpoints'),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'job.json'), JSON.stringify(file, null, 2));
}

function withPoint(training: Training, point: TrainingPoint): Training {
  const { status, spec } = training;
  if (status === undefined) return training;
  const total = spec?.schedule?.iterations ?? 0;
  const rate = point.imagesPerSecond / (spec?.schedule?.batchSize ?? 1);
  const steady = steadyRate([...training.curve, point]) / (spec?.schedule?.batchSize ?? 1);
  const loss = point.losses.total;
  const progress = jobProgress({
    done: point.iteration,
    total,
    unit: 'iterations',
    rate,
    etaSeconds: steady > 0 ? (total - point.iteration) / steady : 0,
    message: loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
  });
  return { ...training, status: { ...status, progress }, curve: thinCurve([...training.curve, point]) };
}

/** Points whose mean says how long the rest takes: on a machine with other work one alone is off by four times. */
const STEADY_POINTS = 8;

/** Images a second over the last points, which are equally far from each other. */
function steadyRate(curve: readonly TrainingPoint[]): number {
  const last = curve.slice(-STEADY_POINTS).filter(({ imagesPerSecond }) => imagesPerSecond > 0);
  const seconds = last.reduce((sum, { imagesPerSecond }) => sum + 1 / imagesPerSecond, 0);
  return seconds === 0 ? 0 : last.length / seconds;
}
