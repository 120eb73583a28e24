import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import {
  cancelledStatus,
  checkJobId,
  failedStatus,
  isEnded,
  jobProgress,
  queuedStatus,
  startedStatus,
  succeededStatus,
  toJobError,
  type JobRecords,
} from '@cassl/jobs';
import { JobState, TrainingSpec, type JobStatus, type Training, type TrainingPoint } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { startWorkerProcess, type WorkerProcess } from '@cassl/workers';
import { checkTrainingSpec } from './check-training-spec.ts';
import { thinCurve } from './thin-curve.ts';
import type { TrainingJobFile, TrainingMessage } from './training-messages.ts';

export interface Trainings {
  start(id: string, spec: TrainingSpec | undefined): Promise<Training>;
  get(id: string): Training | undefined;
  require(id: string): Training;
  list(): readonly Training[];
  watch(id: string, signal: AbortSignal): AsyncIterable<Training>;
  cancel(id: string): Promise<Training>;
  /** Workers keep a checkpoint and end; their jobs go on when the service is back. */
  stop(): Promise<void>;
}

export interface TrainingsOptions {
  readonly records: JobRecords<Training>;
  readonly logger: Logger;
  /** Each job has a folder of its own in here. */
  readonly dataDir: string;
  readonly registryAddress: string;
  /** Trainings that run at the same time; the others wait in order. */
  readonly parallelTrainings: number;
  readonly onChange: (training: Training) => void;
}

const WORKER = join(import.meta.dirname, 'worker.ts');
/** Workers that end without a step in between: then it is the job's fault. */
const MAX_FRUITLESS_ATTEMPTS = 4;

/** Runs training jobs in worker processes, one after the other, and starts a worker that died again. */
export function runTrainings(options: TrainingsOptions): Trainings {
  const { records, logger, onChange } = options;
  const waiting: string[] = [];
  const running = new Map<string, { readonly done: Promise<void>; worker?: WorkerProcess }>();
  let isStopping = false;

  const startNext = (): void => {
    while (!isStopping && running.size < options.parallelTrainings) {
      const id = waiting.shift();
      if (id === undefined) return;
      if (isEnded(records.require(id).status)) continue;
      const done = superviseWorker(id)
        .catch((error: unknown) => end(id, failedStatus(statusOf(id), toJobError(error))))
        .finally(() => {
          running.delete(id);
          startNext();
        });
      running.set(id, { done });
    }
  };

  const superviseWorker = async (id: string): Promise<void> => {
    const folder = join(options.dataDir, id);
    await writeJobFile(id, folder);
    for (let fruitless = 0; ;) {
      records.change(id, (now) => ({ ...now, status: startedStatus(now.status ?? queuedStatus(id)) }));
      const attempt = await runWorker(id, folder);
      if (isEnded(records.require(id).status) || isStopping) break;
      fruitless = attempt.hasAdvanced ? 1 : fruitless + 1;
      const how = attempt.exit.signal ?? `exit code ${attempt.exit.code}`;
      if (fruitless >= MAX_FRUITLESS_ATTEMPTS) {
        const message = `the training worker ended ${fruitless} times in a row without a step (${how}); see the trainer's log`;
        await end(id, failedStatus(statusOf(id), { code: 'INTERNAL', message }));
        return;
      }
      logger.warn(
        { training: id, how, attempt: statusOf(id).attempt },
        'training worker ended, starting it again',
      );
      await delay(200 * 2 ** fruitless);
    }
    if (isEnded(records.require(id).status)) await rm(join(folder, 'resume.safetensors'), { force: true });
  };

  const runWorker = async (id: string, folder: string): Promise<Attempt> => {
    let hasAdvanced = false;
    let isFinished: Promise<void> = Promise.resolve();
    const worker = startWorkerProcess({
      entry: WORKER,
      argv: [folder],
      onMessage: (raw) => {
        const message = raw as TrainingMessage;
        if (message.type === 'checkpoint') hasAdvanced = true;
        if (!isEnded(records.require(id).status)) isFinished = handle(id, message) ?? isFinished;
      },
    });
    const entry = running.get(id);
    if (entry !== undefined) entry.worker = worker;
    logger.info({ training: id, workerPid: worker.pid }, 'training worker started');
    const exit = await worker.exited;
    await isFinished;
    return { exit, hasAdvanced };
  };

  const handle = (id: string, message: TrainingMessage): Promise<void> | undefined => {
    switch (message.type) {
      case 'started': {
        const { engine, resumedFrom, notes } = message;
        if (resumedFrom > 0)
          logger.info({ training: id, resumedFrom }, 'training resumed from its last checkpoint');
        records.change(id, (now) => ({
          ...now,
          engine,
          resumedFrom,
          notes: [...notes],
          curve: now.curve.filter(({ iteration }) => iteration <= resumedFrom),
        }));
        return undefined;
      }
      case 'progress': {
        const changed = records.change(id, (now) => withPoint(now, message.point));
        onChange(changed);
        return undefined;
      }
      case 'checkpoint':
        logger.debug({ training: id, iteration: message.iteration }, 'resumable checkpoint written');
        return undefined;
      case 'published':
        records.change(id, (now) => ({ ...now, checkpointDigest: message.digest }));
        return end(id, succeededStatus(statusOf(id)));
      case 'failed':
        return end(id, failedStatus(statusOf(id), message));
    }
  };

  const end = async (id: string, status: JobStatus): Promise<void> => {
    const ended = records.change(id, (now) => ({ ...now, status }));
    await records.flush(id);
    logger.info({ training: id, state: status.state, error: status.error }, 'training ended');
    onChange(ended);
  };

  const writeJobFile = async (id: string, folder: string): Promise<void> => {
    const { spec } = records.require(id);
    if (spec === undefined) throw new TypeError('a kept training has a specification');
    const file: TrainingJobFile = {
      id,
      spec: TrainingSpec.toJSON(spec),
      registryAddress: options.registryAddress,
      cacheDir: join(options.dataDir, 'checkpoints'),
    };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'job.json'), JSON.stringify(file, null, 2));
  };

  const statusOf = (id: string): JobStatus => records.require(id).status ?? queuedStatus(id);

  for (const training of [...records.list()].reverse()) {
    if (isEnded(training.status) || training.status === undefined) continue;
    logger.info({ training: training.status.id }, 'taking up a training that an earlier process began');
    waiting.push(training.status.id);
  }
  startNext();

  return {
    async start(id, spec) {
      checkJobId('StartTrainingRequest.id', id);
      const checked = checkTrainingSpec(spec);
      const kept = TrainingSpec.encode(checked).finish();
      const { job, created } = await records.create(id, newTraining(id, checked), (known) =>
        known.spec === undefined
          ? false
          : Buffer.compare(kept, TrainingSpec.encode(known.spec).finish()) === 0,
      );
      if (created) {
        waiting.push(id);
        startNext();
      }
      return job;
    },
    get: (id) => records.get(id),
    require: (id) => records.require(id),
    list: () => records.list(),
    watch: (id, signal) => records.watch(id, signal),
    async cancel(id) {
      const training = records.require(id);
      if (isEnded(training.status)) return training;
      await end(id, cancelledStatus(statusOf(id)));
      const entry = running.get(id);
      await entry?.worker?.stop();
      await entry?.done;
      return records.require(id);
    },
    async stop() {
      isStopping = true;
      const stops = [...running.values()].map(async ({ worker, done }) => {
        await worker?.stop();
        await done;
      });
      for (const outcome of await Promise.allSettled(stops)) {
        if (outcome.status === 'rejected')
          logger.warn({ reason: errorMessage(outcome.reason) }, 'a worker did not stop well');
      }
    },
  };
}

interface Attempt {
  readonly exit: Awaited<WorkerProcess['exited']>;
  /** A checkpoint was written: the next attempt starts further on. */
  readonly hasAdvanced: boolean;
}

function newTraining(id: string, spec: TrainingSpec): Training {
  return {
    status: queuedStatus(id, { total: spec.schedule?.iterations ?? 0, unit: 'iterations' }),
    spec,
    checkpointDigest: '',
    curve: [],
    resumedFrom: 0,
    engine: '',
    notes: [],
  };
}

function withPoint(training: Training, point: TrainingPoint): Training {
  const { status, spec } = training;
  if (status?.state !== JobState.JOB_STATE_RUNNING) return training;
  const total = spec?.schedule?.iterations ?? 0;
  const rate = point.imagesPerSecond / (spec?.schedule?.batchSize ?? 1);
  const loss = point.losses.total;
  const progress = jobProgress({
    done: point.iteration,
    total,
    unit: 'iterations',
    rate,
    etaSeconds: rate > 0 ? (total - point.iteration) / rate : 0,
    message: loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
  });
  return { ...training, status: { ...status, progress }, curve: thinCurve([...training.curve, point]) };
}
