import type { Checkpoint } from '@cassl/proto';
import { describeEngine } from '@cassl/workers/describe-engine';
import type { BatchModel } from './batch-model.ts';
import { createNoOpModel } from './no-op-model.ts';

/** What a model process loads. */
export type ModelSpec =
  | { readonly kind: 'detector'; readonly checkpoint: Checkpoint; readonly path: string }
  | { readonly kind: 'no-op' };

/**
 * Loads a model into this process.
 * @throws FAILED_PRECONDITION where the checkpoint cannot detect
 */
export async function openBatchModel(spec: ModelSpec): Promise<BatchModel> {
  if (spec.kind === 'no-op') return createNoOpModel();
  // tf.js and the engine, which nothing else of this lib wants.
  const [{ openEngine }, { openDetectorModel }] = await Promise.all([
    import('@cassl/engine'),
    import('./detector-model.ts'),
  ]);
  return openDetectorModel(spec.checkpoint, spec.path, describeEngine(await openEngine()));
}
