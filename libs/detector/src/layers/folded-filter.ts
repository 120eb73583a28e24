import * as tf from '@tensorflow/tfjs-core';
import type { BatchNorm } from './batch-norm.ts';

export interface FoldedFilter {
  readonly filter: tf.Tensor4D;
  readonly bias: tf.Tensor1D;
}

/**
 * A batch norm with fixed statistics is a rescaled filter and a bias: one convolution, and the product with the scale
 * touches weights instead of maps. `live` is differentiable; `cached` is kept until a weight changes.
 */
export function createFoldedFilter(
  filter: tf.Variable<tf.Rank.R4>,
  norm: BatchNorm,
): { live(): FoldedFilter; cached(): FoldedFilter } {
  const live = (): FoldedFilter => {
    const { scale, shift } = norm.fold();
    return { filter: tf.mul(filter, scale), bias: shift };
  };
  const sources = [filter, ...norm.variables];
  let cache: { readonly folded: FoldedFilter; readonly of: readonly object[] } | undefined;
  return {
    live,
    cached: () => {
      // A variable gets a new data id with every assignment; a disposed cache means that its backend was reset.
      const fresh = cache?.of.every((id, index) => id === sources[index]!.dataId) === true;
      if (fresh && cache !== undefined && !cache.folded.filter.isDisposed) return cache.folded;
      if (cache !== undefined) tf.dispose([cache.folded.filter, cache.folded.bias]);
      const folded = constantOf(live);
      cache = { folded, of: sources.map((source) => source.dataId) };
      return folded;
    },
  };
}

/** Runs without recording gradients and keeps the result. */
function constantOf(compute: () => FoldedFilter): FoldedFilter {
  return tf.tidy(() => {
    const { filter, bias } = compute();
    return { filter: tf.keep(filter), bias: tf.keep(bias) };
  });
}
