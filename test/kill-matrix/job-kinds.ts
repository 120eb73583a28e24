import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readLabelFiles } from '@cassl/labels';
import { EvaluationSpec, LabelMapping, LabelingSpec, TrainingSpec, type JobStatus } from '@cassl/proto';
import type { Clients } from '../clients.ts';
import { MICRO_MODEL, microStage, type MicroData } from '../micro-pipeline.ts';

/** One kind of job, as every cell of the matrix treats it. */
export interface JobKind {
  start(id: string): Promise<unknown>;
  status(id: string): Promise<JobStatus | undefined>;
  cancel(id: string): Promise<unknown>;
  resume(id: string): Promise<unknown>;
  /** What the job made, without its id and times. */
  output(id: string): Promise<unknown>;
}

export type JobNoun = 'training' | 'labeling' | 'evaluation';

const ITERATIONS = 16;
const CHECKPOINT_EVERY = 4;
const IMAGES_PER_SHARD = 4;
/** Small: a few steps at a usual rate empty every mask, and jobs without a label are equal without meaning anything. */
const RATE = 1e-5;

/** Only a class-agnostic checkpoint can label, only one that tells classes apart can detect. */
export function trainingJobs(
  { trainer }: Clients,
  data: MicroData,
  stage: 'STAGE_LABELER' | 'STAGE_FINETUNE' = 'STAGE_LABELER',
): JobKind {
  const labels =
    stage === 'STAGE_LABELER' ? LabelMapping.LABEL_MAPPING_AGNOSTIC : LabelMapping.LABEL_MAPPING_CATEGORY;
  const { schedule, ...microParts } = microStage(ITERATIONS);
  const spec = TrainingSpec.fromPartial({
    stage,
    data: { $case: 'labeled', value: { ...data.labeled, labels } },
    ...microParts,
    schedule: { ...schedule, learningRate: RATE },
    model: MICRO_MODEL,
    seed: 3,
    checkpointEvery: CHECKPOINT_EVERY,
  });
  return {
    start: (id) => trainer.startTraining({ id, spec }),
    status: async (id) => (await trainer.getTraining({ id })).training?.status,
    cancel: (id) => trainer.cancelTraining({ id }),
    resume: (id) => trainer.resumeTraining({ id }),
    async output(id) {
      const { training } = await trainer.getTraining({ id });
      return { digest: training?.checkpointDigest, steps: training?.curve.map(({ iteration }) => iteration) };
    },
  };
}

export function labelingJobs(
  { labeler }: Clients,
  data: MicroData,
  checkpoint: string,
  home: string,
): JobKind {
  return {
    start: (id) =>
      labeler.startLabeling({
        id,
        spec: LabelingSpec.fromPartial({
          checkpoint,
          pool: { uri: data.pool },
          health: { disabled: true },
          outputUri: pathToFileURL(join(home, 'labels', id)).href,
          shardSize: IMAGES_PER_SHARD,
        }),
      }),
    status: async (id) => (await labeler.getLabeling({ id })).labeling?.status,
    cancel: (id) => labeler.cancelLabeling({ id }),
    resume: (id) => labeler.resumeLabeling({ id }),
    async output(id) {
      const { labeling } = await labeler.getLabeling({ id });
      const records: unknown[] = [];
      let labels = 0;
      for await (const record of readLabelFiles(labeling?.labelUris ?? [])) {
        records.push(record);
        labels += record.detections.length;
      }
      if (labels === 0) throw new Error('nothing was labeled: comparing it would show nothing');
      return records;
    },
  };
}

export function evaluationJobs({ evaluator }: Clients, data: MicroData, checkpoint: string): JobKind {
  const spec = EvaluationSpec.fromPartial({ checkpoint, dataset: data.unlabeledTruth, detached: true });
  return {
    start: (id) => evaluator.startEvaluation({ id, spec }),
    status: async (id) => (await evaluator.getEvaluation({ id })).job?.status,
    cancel: (id) => evaluator.cancelEvaluation({ id }),
    resume: (id) => evaluator.resumeEvaluation({ id }),
    async output(id) {
      const { job } = await evaluator.getEvaluation({ id });
      return job?.evaluation?.metrics;
    },
  };
}
