import * as tf from '@tensorflow/tfjs-core';

/** The three 1×1 layers that a vector of controller output stands for, for M instances and d channels. */
export interface DynamicLayers {
  readonly w1: tf.Tensor3D; // [M, d, d + 2], inputs: relative x, relative y, features
  readonly w2: tf.Tensor3D; // [M, d, d]
  readonly w3: tf.Tensor3D; // [M, 1, d]
  readonly b1: tf.Tensor3D; // [M, d, 1]
  readonly b2: tf.Tensor3D; // [M, d, 1]
  readonly b3: tf.Tensor3D; // [M, 1, 1]
}

/** 169 for d = 8: (d + 2) d + d d + d weights and d + d + 1 biases. */
export function dynamicParameterCount(channels: number): number {
  return (channels + 2) * channels + channels * channels + channels + 2 * channels + 1;
}

/** Splits [M, 169] in AdelaiDet's order w1, w2, w3, b1, b2, b3; each weight block is row-major [out][in]. */
export function splitDynamicParameters(parameters: tf.Tensor2D, channels: number): DynamicLayers {
  const d = channels;
  const count = parameters.shape[0];
  const parts = tf.split(parameters, [(d + 2) * d, d * d, d, d, d, 1], 1);
  const shaped = (index: number, rows: number, columns: number): tf.Tensor3D =>
    tf.reshape(parts[index]!, [count, rows, columns]);
  return {
    w1: shaped(0, d, d + 2),
    w2: shaped(1, d, d),
    w3: shaped(2, 1, d),
    b1: shaped(3, d, 1),
    b2: shaped(4, d, 1),
    b3: shaped(5, 1, 1),
  };
}
