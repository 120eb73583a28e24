export {
  BACKBONES,
  detectorConfigSchema,
  parseDetectorConfig,
  type DetectorConfig,
  type DetectorConfigInput,
} from './config.ts';
export { DETECTOR_PRESETS, detectorPreset, type DetectorPreset } from './presets.ts';
export {
  createDetector,
  LOSS_NAMES,
  readLosses,
  type CreateDetectorOptions,
  type DetectOptions,
  type Detector,
  type LossValues,
  type TrainingState,
  type TrainStep,
} from './detector.ts';
export type { DetectLimits } from './inference/detect-batch.ts';
export { fitImage, type FittedSize } from './inference/fit-image.ts';
export type { PreparedImage } from './inference/group-images.ts';
export type { LossTensors } from './losses/loss-tensors.ts';
export {
  batchTransferList,
  joinSurveys,
  prepareBatch,
  surveyBatch,
  type BatchPart,
  type PartSurvey,
  type PrepareBatchOptions,
  type TrainingBatch,
} from './prepare-batch.ts';
export { countBatch, type BatchCounts, type WholeBatch } from './training-batch.ts';
export type { TrainingGroup } from './training/training-group.ts';
export type { LoadOptions, LoadReport, SkippedTensor } from './state/load-state.ts';
export { DETECTOR_PARTS, partOf, type DetectorPart } from './state/parts.ts';
export {
  learningRateAt,
  type ConstantSchedule,
  type CosineSchedule,
  type LearningRateSchedule,
  type MultiStepSchedule,
} from './schedule/learning-rate.ts';
export { countParameters, listParameters, type ParameterCount } from './parameter-count.ts';
export { summarizeDetector, type DetectorSummary, type PartSummary } from './summarize-detector.ts';
export { createGradientAccumulator, type GradientAccumulator } from './training/accumulate-gradients.ts';
export { clipGradients } from './training/clip-gradients.ts';
export { averageInto, teacherMomentum } from './training/weight-average.ts';
export { weightDecayFor } from './schedule/weight-decay.ts';
