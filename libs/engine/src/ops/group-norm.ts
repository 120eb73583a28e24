import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';
import { normalizeRows } from './normalize-rows.ts';
import { shapeText } from './shape-text.ts';

/**
 * Group normalisation (arXiv 1803.08494): zero mean and unit variance over the pixels and channels of a group, then
 * gamma and beta per channel.
 *
 * @param x [N, H, W, C]; C must be a multiple of `groups`
 * @param gamma [C]
 * @param beta [C]
 */
export function groupNorm(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  groups: number,
  epsilon = 1e-5,
): tf.Tensor4D {
  if (x.rank !== 4 || x.shape[3] % groups !== 0) {
    throw invalidArgument(
      `groupNorm: x must be [N, H, W, C] with C a multiple of ${groups}, got ${shapeText(x)}`,
    );
  }
  if (!hasFusedKernel('CasslGroupNorm')) return plainGroupNorm(x, gamma, beta, groups, epsilon);
  const normalize = tf.customGrad((x, gamma, beta, save) => {
    const inputs = { x, gamma, beta } as tf.NamedTensorMap;
    const [value, mean, rstd] = runFusedKernel('CasslGroupNorm', inputs, { groups, epsilon });
    (save as tf.GradSaveFunc)([x as tf.Tensor, gamma as tf.Tensor, mean!, rstd!]);
    return {
      value: value!,
      gradFunc: (dy, saved) => {
        const [x, gamma, mean, rstd] = saved;
        return runFusedKernel('CasslGroupNormGrad', { dy: dy, x, gamma, mean, rstd }, { groups });
      },
    };
  });
  return normalize(x, gamma, beta) as tf.Tensor4D;
}

export function plainGroupNorm(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  groups: number,
  epsilon: number,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = x.shape;
    const grouped = tf.reshape(x, [batch, height * width, groups, channels / groups]);
    const normal = tf.reshape(normalizeRows(grouped, [1, 3], epsilon), x.shape);
    return tf.add(tf.mul(normal, gamma), beta);
  });
}
