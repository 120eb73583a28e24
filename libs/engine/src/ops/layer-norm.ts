import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';
import { normalizeRows } from './normalize-rows.ts';
import { shapeText } from './shape-text.ts';

/**
 * Layer normalisation over the last axis (arXiv 1607.06450).
 *
 * @param x [..., C]
 * @param gamma [C]
 * @param beta [C]
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon = 1e-5,
): T {
  const channels = x.shape[x.rank - 1];
  if (gamma.size !== channels || beta.size !== channels) {
    throw invalidArgument(
      `layerNorm: gamma and beta must have the ${channels} channels of x ${shapeText(x)}, got ${shapeText(gamma)} and ${shapeText(beta)}`,
    );
  }
  if (!hasFusedKernel('CasslLayerNorm')) return plainLayerNorm(x, gamma, beta, epsilon);
  const normalize = tf.customGrad((x, gamma, beta, save) => {
    const inputs = { x, gamma, beta } as tf.NamedTensorMap;
    const [value, mean, rstd] = runFusedKernel('CasslLayerNorm', inputs, { epsilon });
    (save as tf.GradSaveFunc)([x as tf.Tensor, gamma as tf.Tensor, mean!, rstd!]);
    return {
      value: value!,
      gradFunc: (dy, saved) => {
        const [x, gamma, mean, rstd] = saved;
        return runFusedKernel('CasslLayerNormGrad', { dy: dy, x, gamma, mean, rstd });
      },
    };
  });
  return normalize(x, gamma, beta) as T;
}

export function plainLayerNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): T {
  return tf.tidy(() => tf.add<T>(tf.mul(normalizeRows(x, [x.rank - 1], epsilon), gamma), beta));
}
