import { notFound } from '@cassl/errors';
import {
  cancelledStatus,
  failedStatus,
  isEnded,
  queuedStatus,
  startedStatus,
  succeededStatus,
} from '@cassl/jobs';
import { EvaluationJob, Labeling, PipelineSpec, Training, type JobStatus } from '@cassl/proto';
import type { EndedStages } from './planned-stage.ts';
import type { StageJob } from './stage-jobs.ts';
import type { ServiceName, StageRecord, StageServices } from './stage-services.ts';

export function stageOf(iterations: number, milestones: readonly number[] = []): object {
  return { schedule: { iterations, batchSize: 4, learningRate: 1e-3, milestones }, augmentation: 'weak' };
}

/** A whole pipeline: labeler 90, warmup 150 and finetune 20 iterations. */
export function pipelineSpec(changes: object = {}): PipelineSpec {
  return PipelineSpec.fromPartial({
    name: 'p',
    labeled: { annotationsUri: 'file:///l.json', imagesUri: 'file:///l' },
    unlabeled: { uri: 'file:///u' },
    validation: { annotationsUri: 'file:///v.json', imagesUri: 'file:///v' },
    model: { preset: 'tiny' },
    labeler: stageOf(90),
    warmup: stageOf(150),
    finetune: stageOf(20, [10]),
    outputUri: 'file:///out/',
    ...changes,
  });
}

/** What the stages made; digests depend on what was trained, as they do in the services. */
export function madeStages(made = 'a'): EndedStages {
  return {
    training: (name) => Training.fromPartial({ checkpointDigest: `${name} ${made}` }),
    labeling: () => Labeling.fromPartial({ labelSetUri: `file:///out/${made}.labelset.jsonl` }),
    evaluation: () => EvaluationJob.fromPartial({ bestThreshold: 0.45 }),
  };
}

/** Services without workers: a job runs until a test, or `automatic`, ends it. */
export interface ScriptedServices extends StageServices {
  /** In order, `service id` each; what was started again under its id counts again. */
  readonly started: string[];
  readonly resumed: string[];
  readonly cancelled: string[];
  /** Thrown by every call to a service. */
  readonly away: Map<ServiceName, Error>;
  /** Jobs end well at the second look. */
  automatic: boolean;
  /** Jobs that fail at the next look, by id. */
  readonly failing: Map<string, { code: string; message: string }>;
  /** The most that ran at one time. */
  mostRunning(): number;
  end(id: string, how?: (status: JobStatus) => JobStatus): void;
}

export function scriptedServices(): ScriptedServices {
  const jobs = new Map<string, StageRecord>();
  const [started, resumed, cancelled]: [string[], string[], string[]] = [[], [], []];
  const away = new Map<ServiceName, Error>();
  const failing: ScriptedServices['failing'] = new Map();
  let most = 0;
  const ask = (service: ServiceName): void => {
    const error = away.get(service);
    if (error !== undefined) throw error;
  };
  const known = (service: ServiceName, id: string): StageRecord => {
    const record = jobs.get(id);
    if (record === undefined) throw notFound(`no ${service} job ${id}`);
    return record;
  };
  const change = (id: string, how: (status: JobStatus) => JobStatus): StageRecord => {
    const record = jobs.get(id)!;
    const next = { ...record, job: { ...record.job, status: how(record.job.status!) } } as StageRecord;
    jobs.set(id, next);
    most = Math.max(most, [...jobs.values()].filter(({ job }) => !isEnded(job.status)).length);
    return next;
  };
  const services: ScriptedServices = {
    started,
    resumed,
    cancelled,
    away,
    automatic: true,
    failing,
    mostRunning: () => most,
    end: (id, how = succeededStatus) => void change(id, how),
    async start(id, job) {
      await Promise.resolve(ask(job.service));
      if (!jobs.has(id)) {
        started.push(`${job.service} ${id}`);
        jobs.set(id, recordOf(id, job));
      }
      return change(id, (status) => (isEnded(status) ? status : startedStatus(status)));
    },
    async get(service, id) {
      await Promise.resolve(ask(service));
      const { status } = known(service, id).job;
      const error = failing.get(id);
      if (isEnded(status)) return known(service, id);
      if (error !== undefined) return change(id, (now) => failedStatus(now, error));
      return services.automatic ? change(id, succeededStatus) : known(service, id);
    },
    async resume(service, id) {
      await Promise.resolve(ask(service));
      resumed.push(id);
      failing.delete(id);
      return change(id, () => startedStatus(queuedStatus(id)));
    },
    async cancel(service, id) {
      await Promise.resolve(ask(service));
      if (isEnded(known(service, id).job.status)) return;
      cancelled.push(id);
      change(id, cancelledStatus);
    },
  };
  return services;
}

function recordOf(id: string, { service, spec }: StageJob): StageRecord {
  const status = queuedStatus(id);
  switch (service) {
    case 'trainer':
      return { service, job: Training.fromPartial({ status, spec, checkpointDigest: `digest of ${id}` }) };
    case 'labeler':
      return { service, job: Labeling.fromPartial({ status, spec, labelSetUri: `file:///out/${id}` }) };
    case 'evaluator': {
      const evaluation = { id, metrics: { 'bbox/AP': 0.25 } };
      return { service, job: EvaluationJob.fromPartial({ status, spec, evaluation, bestThreshold: 0.45 }) };
    }
  }
}
