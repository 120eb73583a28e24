export {
  DEFAULT_PRIORITY,
  type EncodedMask,
  type FoundObject,
  type ImageInput,
  type InferAnswer,
  type InferMetadata,
  type InferRequest,
  type ModelIdentity,
} from './inference-request.ts';
export {
  openRuntime,
  type InferenceRuntime,
  type ModelReport,
  type RuntimeLogger,
  type RuntimeOptions,
} from './runtime/runtime.ts';
export type { FindModel } from './runtime/routes.ts';
export type { TrialReport, TrialSettings } from './runtime/trial.ts';
export type { FoundModel, ModelState } from './runtime/resident-model.ts';
export type { ModelStatistics, BatchStatistics, DurationCount } from './runtime/model-statistics.ts';
export type { MemoryBudget } from './runtime/memory-budget.ts';
export type { QueueLimits } from './runtime/queue-limits.ts';
export { MODEL_RUNTIMES, type ModelRuntime } from './models/model-runtime.ts';
export type { ModelSpec } from './models/open-batch-model.ts';
