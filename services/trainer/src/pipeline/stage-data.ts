import { WarmupLabels, type LabeledDataset, type PipelineSpec } from '@cassl/proto';
import { collapsed, required } from './stage-jobs.ts';

/** What the stages before finetuning learn from and are measured on. */
export interface StageData {
  /** The labeler's. */
  readonly labeled: LabeledDataset;
  readonly validation: LabeledDataset;
  /** Of the images that are labeled, to score pseudo labels; absent where unknown. */
  readonly poolTruth: LabeledDataset | undefined;
  /** The warmup's, where it learns from truth instead of pseudo labels. */
  readonly warmupTruth: LabeledDataset;
}

/** Classes are collapsed, except for the class-specific comparator (paper, Table 2). */
export function stageDataOf(spec: PipelineSpec): StageData {
  const labeled = required(spec.labeled, 'labeled');
  const validation = required(spec.validation, 'validation');
  const { classSpecific, unlabeledTruth, unlabeled } = spec;
  const early = classSpecific ? labeled : collapsed(spec.labeledAgnostic ?? labeled);
  const truth: LabeledDataset | undefined = unlabeledTruth && {
    ...unlabeledTruth,
    limit: unlabeled?.limit || unlabeledTruth.limit,
    labels: early.labels,
  };
  return {
    labeled: early,
    validation: classSpecific ? validation : collapsed(spec.validationAgnostic ?? validation),
    poolTruth: truth && collapsed(truth),
    warmupTruth: spec.warmupLabels === WarmupLabels.WARMUP_LABELS_TRUTH ? (truth ?? early) : early,
  };
}
