import * as tf from '@tensorflow/tfjs-core';

/**
 * AdelaiDet's aligned bilinear enlargement of one axis as a [factor · n, n] matrix: out[j] reads position
 * max(0, j − floor(factor / 2)) / factor of the input, whose last value repeats (method 2.6).
 */
export function alignedBilinearMatrix(n: number, factor: number): Float32Array {
  const matrix = new Float32Array(factor * n * n);
  for (let row = 0; row < factor * n; row++) {
    const position = Math.max(0, row - (factor >> 1)) / factor;
    const low = Math.floor(position);
    const weight = position - low;
    matrix[row * n + Math.min(low, n - 1)]! += 1 - weight;
    matrix[row * n + Math.min(low + 1, n - 1)]! += weight;
  }
  return matrix;
}

/** Enlarges maps [B, H, W, C] → [B, fH, fW, C]: two products with small constant matrices, one per axis. */
export function alignedBilinear(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  if (factor === 1) return x;
  const [batch, height, width, channels] = x.shape;
  return tf.tidy(() => {
    const columns = tf.tensor2d(alignedBilinearMatrix(width, factor), [factor * width, width]);
    const rows = tf.tensor2d(alignedBilinearMatrix(height, factor), [factor * height, height]);
    const wide = tf.matMul(tf.expandDims(columns, 0), tf.reshape(x, [batch * height, width, channels]));
    const tall = tf.matMul(
      tf.expandDims(rows, 0),
      tf.reshape(wide, [batch, height, factor * width * channels]),
    );
    return tf.reshape(tall, [batch, factor * height, factor * width, channels]);
  });
}

/** Enlarges planes [M, H, W] → [M, fH, fW]. */
export function alignedBilinearPlanes(x: tf.Tensor3D, factor: number): tf.Tensor3D {
  const [count, height, width] = x.shape;
  return tf.tidy(() => {
    const columns = tf.tensor2d(alignedBilinearMatrix(width, factor), [factor * width, width]);
    const rows = tf.tensor2d(alignedBilinearMatrix(height, factor), [factor * height, height]);
    const wide = tf.matMul(tf.reshape(x, [count * height, width]), columns, false, true);
    const planes = tf.reshape<tf.Rank.R3>(wide, [count, height, factor * width]);
    return tf.matMul(tf.expandDims<tf.Tensor3D>(rows, 0), planes);
  });
}
