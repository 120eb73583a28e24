import type { EvaluationJob, Labeling, Training } from '@cassl/proto';
import type { StageJob } from './stage-jobs.ts';

/** What earlier stages made, by stage name. */
export interface EndedStages {
  training(name: string): Training;
  labeling(name: string): Labeling;
  evaluation(name: string): EvaluationJob;
}

/** One stage: it can start once all that it needs has succeeded. */
export interface PlannedStage {
  readonly name: string;
  readonly service: StageJob['service'];
  readonly needs: readonly string[];
  readonly job: (ended: EndedStages) => StageJob;
  /** Of its job: deterministic, so that starting a stage twice starts it once. */
  readonly jobId: (job: StageJob) => string;
}
