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
