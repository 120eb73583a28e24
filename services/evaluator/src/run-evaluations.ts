import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '@cassl/errors';
import {
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
import { EvaluationSpec, type Evaluation, type EvaluationJob, type JobStatus } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { startWorkerProcess, type RegistryClient, type WorkerProcess } from '@cassl/workers';
import { checkEvaluationSpec } from './check-evaluation-spec.ts';
import type { EvaluationMessage, EvaluationOrder, Measured } from './evaluation-messages.ts';

export interface Evaluations {
  start(id: string, spec: EvaluationSpec | undefined): Promise<EvaluationJob>;
  require(id: string): EvaluationJob;
  watch(id: string, signal: AbortSignal): AsyncIterable<EvaluationJob>;
  /** Running evaluations start again when the service is back. */
  stop(): Promise<void>;
}

export interface EvaluationsOptions {
  readonly records: JobRecords<EvaluationJob>;
  readonly registry: RegistryClient;
  readonly registryAddress: string;
  readonly cacheDir: string;
  readonly logger: Logger;
  readonly parallelEvaluations: number;
  readonly onChange: (job: EvaluationJob) => void;
}

const WORKER = join(import.meta.dirname, 'worker.ts');
const MAX_ATTEMPTS = 4;

/** Runs evaluations in worker processes, in order; they are short, so a broken one starts from its beginning. */
export function runEvaluations(options: EvaluationsOptions): Evaluations {
  const { records, registry, logger, onChange } = options;
  const waiting: string[] = [];
  const running = new Map<string, { readonly done: Promise<void>; worker?: WorkerProcess }>();
  let isStopping = false;

  const startNext = (): void => {
    while (!isStopping && running.size < options.parallelEvaluations) {
      const id = waiting.shift();
      if (id === undefined) return;
      const done = supervise(id)
        .catch((error: unknown) => end(id, failedStatus(statusOf(id), toJobError(error))))
        .finally(() => {
          running.delete(id);
          startNext();
        });
      running.set(id, { done });
    }
  };

  const supervise = async (id: string): Promise<void> => {
    for (let attempt = 1; !isStopping; attempt += 1) {
      records.change(id, (job) => ({ ...job, status: startedStatus(job.status ?? queuedStatus(id)) }));
      const outcome = await runWorker(id);
      if (outcome?.type === 'measured') return finish(id, outcome.measured);
      if (outcome !== undefined && !isTransient(outcome.code))
        return end(id, failedStatus(statusOf(id), outcome));
      if (isStopping) return;
      if (attempt === MAX_ATTEMPTS) {
        const error = outcome ?? {
          code: 'INTERNAL',
          message: "the evaluation worker died; see the evaluator's log",
        };
        return end(id, failedStatus(statusOf(id), error));
      }
      logger.warn(
        { evaluation: id, attempt, reason: outcome?.message },
        'evaluation worker ended, starting it again',
      );
      await delay(300 * 2 ** attempt);
    }
  };

  type Outcome = Exclude<EvaluationMessage, { type: 'progress' }>;
  const runWorker = async (id: string): Promise<Outcome | undefined> => {
    const { spec } = records.require(id);
    if (spec === undefined) throw new TypeError('a kept evaluation has a specification');
    let outcome: Outcome | undefined;
    const worker = startWorkerProcess({
      entry: WORKER,
      onMessage: (raw) => {
        const message = raw as EvaluationMessage;
        if (message.type === 'progress') note(id, message.done, message.total);
        else outcome = message;
      },
    });
    const entry = running.get(id);
    if (entry !== undefined) entry.worker = worker;
    const order: EvaluationOrder = {
      id,
      spec: EvaluationSpec.toJSON(spec),
      registryAddress: options.registryAddress,
      cacheDir: options.cacheDir,
    };
    worker.send(order);
    await worker.exited;
    return outcome;
  };

  const note = (id: string, done: number, total: number): void => {
    const changed = records.change(id, (job) => {
      const status = job.status ?? queuedStatus(id);
      const seconds = (Date.now() - (status.startedAt?.getTime() ?? Date.now())) / 1000;
      const rate = seconds > 0 ? done / seconds : 0;
      const etaSeconds = rate > 0 ? (total - done) / rate : 0;
      return {
        ...job,
        status: { ...status, progress: jobProgress({ done, total, unit: 'images', rate, etaSeconds }) },
      };
    });
    onChange(changed);
  };

  const finish = async (id: string, measured: Measured): Promise<void> => {
    const { spec } = records.require(id);
    const evaluation: Evaluation = {
      id,
      datasetDigest: measured.datasetDigest,
      datasetUri: spec?.dataset?.annotationsUri ?? '',
      metrics: { ...measured.metrics },
      imageCount: measured.imageCount,
      createdAt: new Date(),
      checkpointDigest: measured.checkpointDigest,
    };
    if (spec?.detached !== true && measured.checkpointDigest !== '') await attach(id, evaluation);
    records.change(id, (job) => ({
      ...job,
      evaluation,
      sweep: [...measured.sweep],
      bestThreshold: measured.bestThreshold,
      detectionsUri: measured.detectionsUri,
    }));
    await end(id, succeededStatus(statusOf(id)));
  };

  /** Attaching twice is harmless, so it is tried until the registry is back. */
  const attach = async (id: string, evaluation: Evaluation): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await registry.attachEvaluation({ reference: evaluation.checkpointDigest, evaluation });
        return;
      } catch (error) {
        if (attempt === 10 || isStopping) throw error;
        logger.warn(
          { evaluation: id, reason: errorMessage(error) },
          'the registry did not take an evaluation, trying again',
        );
        await delay(500 * attempt);
      }
    }
  };

  const end = async (id: string, status: JobStatus): Promise<void> => {
    if (isStopping && !isEnded(status)) return;
    const ended = records.change(id, (job) => ({ ...job, status }));
    await records.flush(id);
    logger.info({ evaluation: id, state: status.state, error: status.error }, 'evaluation ended');
    onChange(ended);
  };

  const statusOf = (id: string): JobStatus => records.require(id).status ?? queuedStatus(id);

  for (const { status } of [...records.list()].reverse()) {
    if (status !== undefined && !isEnded(status)) waiting.push(status.id);
  }
  startNext();

  return {
    async start(id, spec) {
      checkJobId('StartEvaluationRequest.id', id);
      const checked = await checkEvaluationSpec(spec);
      const kept = EvaluationSpec.encode(checked).finish();
      const { job, created } = await records.create(id, newEvaluation(id, checked), (known) =>
        known.spec === undefined
          ? false
          : Buffer.compare(kept, EvaluationSpec.encode(known.spec).finish()) === 0,
      );
      if (created) {
        waiting.push(id);
        startNext();
      }
      return job;
    },
    require: (id) => records.require(id),
    watch: (id, signal) => records.watch(id, signal),
    async stop() {
      isStopping = true;
      await Promise.all(
        [...running.values()].map(async ({ worker, done }) => {
          await worker?.stop();
          await done;
        }),
      );
    },
  };
}

function isTransient(code: string): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'ABORTED', 'CANCELLED', 'INTERNAL', 'UNKNOWN'].includes(code);
}

function newEvaluation(id: string, spec: EvaluationSpec): EvaluationJob {
  return {
    status: queuedStatus(id, { unit: 'images' }),
    spec,
    evaluation: undefined,
    sweep: [],
    bestThreshold: 0,
    detectionsUri: '',
  };
}
