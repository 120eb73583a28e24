// Types of the chained methods (x.add(y)) that `openEngine` registers.
import type {} from '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
export { openEngine } from './open-engine.ts';
export {
  engineNames,
  type Engine,
  type EngineLogger,
  type EngineMemory,
  type EngineName,
  type EngineOptions,
  type KernelFallback,
} from './engine.ts';
export { conv2d } from './ops/conv2d.ts';
export type { Conv2dOptions } from './ops/conv2d-options.ts';
export { groupNorm } from './ops/group-norm.ts';
export { layerNorm } from './ops/layer-norm.ts';
export { attention, type AttentionOptions } from './ops/attention.ts';
export { sigmoidFocalLoss, type FocalLossOptions } from './ops/sigmoid-focal-loss.ts';
export { gelu } from './ops/gelu.ts';
export {
  detectionKernels,
  type AxisTaps,
  type DetectionKernels,
  type PlacedFrame,
  type PlacedPicture,
} from './detection-kernels.ts';
export { withAutocast } from './autocast.ts';
export { createSgd, type SgdOptions } from './optimizers/sgd.ts';
export { createAdamW, type AdamWOptions } from './optimizers/adamw.ts';
export type { NamedVariable, ParameterOptimizer } from './optimizers/parameter-optimizer.ts';
export {
  openProcessGroup,
  type ProcessGroup,
  type ProcessGroupOptions,
  type TravellingSums,
} from './process-group.ts';
export { createGradientBuckets, type GradientBuckets } from './gradient-buckets.ts';
export { diagnoseEngines, hasGpu, type EngineDiagnosis } from './diagnose-engines.ts';
