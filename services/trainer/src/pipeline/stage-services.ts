import { internal } from '@cassl/errors';
import type { Jobs } from '@cassl/jobs';
import type {
  EvaluationJob,
  EvaluatorServiceDefinition,
  JobStatus,
  LabelerServiceDefinition,
  Labeling,
  Training,
} from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';
import type { StageJob } from './stage-jobs.ts';
import { startTraining } from '../training/start-training.ts';

export type ServiceName = StageJob['service'];

/** A stage's job as its service keeps it. */
export type StageRecord =
  | { readonly service: 'trainer'; readonly job: Training }
  | { readonly service: 'labeler'; readonly job: Labeling }
  | { readonly service: 'evaluator'; readonly job: EvaluationJob };

/** The three services that do stages, alike. */
export interface StageServices {
  start(id: string, job: StageJob): Promise<StageRecord>;
  get(service: ServiceName, id: string): Promise<StageRecord>;
  /** Queues a failed or cancelled job again. */
  resume(service: ServiceName, id: string): Promise<StageRecord>;
  /** Harmless where the job is over. @throws NOT_FOUND where it is unknown */
  cancel(service: ServiceName, id: string): Promise<void>;
}

export interface StageServicesOptions {
  /** The trainer asks itself without a detour over the network. */
  readonly trainings: Jobs<Training>;
  readonly labeler: RpcClient<LabelerServiceDefinition>;
  readonly evaluator: RpcClient<EvaluatorServiceDefinition>;
}

export function stageServices({ trainings, labeler, evaluator }: StageServicesOptions): StageServices {
  return {
    async start(id, { service, spec }) {
      switch (service) {
        case 'trainer':
          return { service, job: await startTraining(trainings, id, spec) };
        case 'labeler':
          return { service, job: present((await labeler.startLabeling({ id, spec })).labeling) };
        case 'evaluator':
          return { service, job: present((await evaluator.startEvaluation({ id, spec })).job) };
      }
    },
    async get(service, id) {
      switch (service) {
        case 'trainer':
          return { service, job: await trainings.get(id) };
        case 'labeler':
          return { service, job: present((await labeler.getLabeling({ id })).labeling) };
        case 'evaluator':
          return { service, job: present((await evaluator.getEvaluation({ id })).job) };
      }
    },
    async resume(service, id) {
      switch (service) {
        case 'trainer':
          return { service, job: await trainings.resume(id) };
        case 'labeler':
          return { service, job: present((await labeler.resumeLabeling({ id })).labeling) };
        case 'evaluator':
          return { service, job: present((await evaluator.resumeEvaluation({ id })).job) };
      }
    },
    async cancel(service, id) {
      switch (service) {
        case 'trainer':
          await trainings.cancel(id);
          return;
        case 'labeler':
          await labeler.cancelLabeling({ id });
          return;
        case 'evaluator':
          await evaluator.cancelEvaluation({ id });
          return;
      }
    },
  };
}

/** What a stage made: a checkpoint digest, the folder of the labels, the evaluated checkpoint. */
export function stageResult({ service, job }: StageRecord): string {
  switch (service) {
    case 'trainer':
      return job.checkpointDigest;
    case 'labeler':
      return job.spec?.outputUri ?? '';
    case 'evaluator':
      return job.detectionsUri;
  }
}

export function stageStatus({ job }: StageRecord): JobStatus {
  return present(job.status);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw internal('the service answered without the job');
  return value;
}
