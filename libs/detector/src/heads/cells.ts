import * as tf from '@tensorflow/tfjs-core';

/**
 * Maps [B, Hl, Wl, C] of all levels as rows [cells + 1, C] in `cellGrid` order; the last row is zeros, for patches that
 * reach over an edge.
 */
export function cellRows(maps: readonly tf.Tensor4D[]): tf.Tensor2D {
  const channels = maps[0]!.shape[3];
  const rows = maps.map((map) => tf.reshape<tf.Rank.R2>(map, [-1, channels]));
  return tf.concat([...rows, tf.zeros<tf.Rank.R2>([1, channels])], 0);
}

/** Rows of 3×3 patches [P, 9C], in the memory order of a [3, 3, C, O] filter. */
export function gatherPatches(rows: tf.Tensor2D, patches: tf.Tensor1D): tf.Tensor2D {
  const channels = rows.shape[1];
  return tf.reshape(tf.gather(rows, patches), [patches.size / 9, 9 * channels]);
}

/** A 3×3 convolution evaluated at single cells: [P, 9C] · [9C, O]. */
export function convolvePatches(patches: tf.Tensor2D, filter: tf.Tensor4D, bias?: tf.Tensor1D): tf.Tensor2D {
  const [height, width, inChannels, outChannels] = filter.shape;
  const product: tf.Tensor2D = tf.matMul(
    patches,
    tf.reshape(filter, [height * width * inChannels, outChannels]),
  );
  return bias === undefined ? product : tf.add<tf.Tensor2D>(product, bias);
}
