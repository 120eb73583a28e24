import type { Checkpoint } from '@cassl/proto';
import { describeEngine } from '@cassl/workers/describe-engine';
import type { BatchModel } from './batch-model.ts';
import type { ModelRuntime } from './model-runtime.ts';
import { createNoOpModel } from './no-op-model.ts';

/** What a model process loads. */
export type ModelSpec =
  | {
      readonly kind: 'detector';
      readonly checkpoint: Checkpoint;
      readonly path: string;
      /** @default 'torch' */
      readonly runtime?: ModelRuntime;
    }
  | { readonly kind: 'no-op' };

type DetectorSpec = Extract<ModelSpec, { kind: 'detector' }>;

/**
 * Loads a model into this process.
 * @throws FAILED_PRECONDITION where the checkpoint cannot detect
 */
export async function openBatchModel(spec: ModelSpec): Promise<BatchModel> {
  if (spec.kind === 'no-op') return createNoOpModel();
  switch (spec.runtime ?? 'torch') {
    case 'torch':
      return openTorch(spec);
    case 'onnx':
      return openOnnx(spec);
    case 'auto':
      return openFaster(spec);
  }
}

async function openTorch({ checkpoint, path }: DetectorSpec): Promise<BatchModel> {
  // tf.js and the engine, which nothing else of this lib wants.
  const [{ openEngine }, { openDetectorModel }] = await Promise.all([
    import('@cassl/engine'),
    import('./detector-model.ts'),
  ]);
  return openDetectorModel(checkpoint, path, describeEngine(await openEngine()));
}

async function openOnnx({ checkpoint, path }: DetectorSpec): Promise<BatchModel> {
  const { openOnnxModel } = await import('./onnx/onnx-model.ts');
  return openOnnxModel(checkpoint, path);
}

/** Both, then the one that is faster on this machine, where they agree. On a GPU that is our engine: onnxruntime computes on the processor. */
async function openFaster(spec: DetectorSpec): Promise<BatchModel> {
  const { openEngine } = await import('@cassl/engine');
  if ((await openEngine()).device !== 'cpu') return openTorch(spec);
  const [{ chooseRuntime }, torch, onnx] = await Promise.all([
    import('./onnx/choose-runtime.ts'),
    openTorch(spec),
    openOnnx(spec),
  ]);
  const { runtime, reason } = await chooseRuntime(torch, onnx);
  const [chosen, other] = runtime === 'onnx' ? [onnx, torch] : [torch, onnx];
  other.dispose();
  return { ...chosen, engine: `${chosen.engine}, chosen: ${reason}` };
}
