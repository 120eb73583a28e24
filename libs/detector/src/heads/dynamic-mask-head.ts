/**
 * CondInst's dynamic mask head (Tian et al. 2020, https://arxiv.org/abs/2003.05664; method.md 2.6): every instance runs its own
 * three 1×1 layers over [relative x, relative y, features] of its image.
 *
 * Relative coordinates are (origin − pixel) / soi. Both terms are linear in the weights of layer 1, so the pixel part joins
 * the image's features as two channels that all instances share, and the origin part joins the bias: layer 1 of all
 * instances of an image is one product, and no instance needs its own copy of the features.
 */
import * as tf from '@tensorflow/tfjs-core';
import { alignedBilinearPlanes } from '../layers/aligned-bilinear.ts';
import { splitDynamicParameters } from './dynamic-parameters.ts';

export interface MaskInstances {
  /** Instances per image; [B × slots] rows follow, image by image. */
  readonly slots: number;
  /** [B × slots, 169] */
  readonly parameters: tf.Tensor2D;
  /** [B × slots × 3] x / soi, y / soi, 1 / soi of each instance's cell. */
  readonly origins: Float32Array;
}

/**
 * @param features [B, h, w, d] of the mask branch, at `stride` pixels.
 * @returns logits [B × slots, 2h, 2w] at half that stride.
 */
export function dynamicMaskLogits(
  features: tf.Tensor4D,
  stride: number,
  instances: MaskInstances,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = features.shape;
    const { slots, parameters } = instances;
    const count = batch * slots;
    const { w1, w2, w3, b1, b2, b3 } = splitDynamicParameters(parameters, channels);

    const pixels = tf.concat([tf.tile(pixelCenters(height, width, stride), [batch, 1, 1, 1]), features], 3);
    const { toPixels, origin } = coordinateTerms(instances.origins, count, channels);
    const shared = tf.reshape(tf.mul(w1, toPixels), [batch, slots * channels, channels + 2]);
    const offset = tf.reshape(tf.add(b1, tf.matMul(w1, origin)), [batch, slots * channels, 1]);
    const rows = tf.reshape(pixels, [batch, height * width, channels + 2]);

    const hidden1 = tf.relu(tf.add(tf.matMul(shared, rows, false, true), offset));
    const perInstance = tf.reshape(hidden1, [count, channels, height * width]);
    const hidden2 = tf.relu(tf.add(tf.matMul(w2, perInstance), b2));
    const logits = tf.add(tf.matMul(w3, hidden2), b3);
    return alignedBilinearPlanes(tf.reshape(logits, [count, height, width]), 2);
  });
}

/** [1, h, w, 2] x and y of every pixel: j · stride + stride / 2. */
export function pixelCenters(height: number, width: number, stride: number): tf.Tensor4D {
  const values = new Float32Array(height * width * 2);
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      values[index++] = column * stride + stride / 2;
      values[index++] = row * stride + stride / 2;
    }
  }
  return tf.tensor4d(values, [1, height, width, 2]);
}

/** `toPixels` [M, 1, d + 2] turns layer 1's coordinate weights to pixels; `origin` [M, d + 2, 1] evaluates them at the cell. */
function coordinateTerms(
  origins: Float32Array,
  count: number,
  channels: number,
): { toPixels: tf.Tensor3D; origin: tf.Tensor3D } {
  const inputs = channels + 2;
  const toPixels = new Float32Array(count * inputs).fill(1);
  const origin = new Float32Array(count * inputs);
  for (let index = 0; index < count; index++) {
    origin[index * inputs] = origins[index * 3]!;
    origin[index * inputs + 1] = origins[index * 3 + 1]!;
    toPixels[index * inputs] = -origins[index * 3 + 2]!;
    toPixels[index * inputs + 1] = -origins[index * 3 + 2]!;
  }
  return {
    toPixels: tf.tensor3d(toPixels, [count, 1, inputs]),
    origin: tf.tensor3d(origin, [count, inputs, 1]),
  };
}
