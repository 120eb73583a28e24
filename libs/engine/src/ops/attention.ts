import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';
import { shapeText } from './shape-text.ts';

export interface AttentionOptions {
  /** Usually 1 / sqrt(d). */
  readonly scale: number;
  /** Added to the scores; broadcasts to [B, h, N, M]. */
  readonly bias?: tf.Tensor | undefined;
}

/**
 * softmax(q·kᵀ·scale + bias)·v (arXiv 1706.03762; with Swin's window bias, arXiv 2103.14030).
 *
 * @param q [B, h, N, d]
 * @param k [B, h, M, d]
 * @param v [B, h, M, d]
 * @returns [B, h, N, d]
 */
export function attention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  options: AttentionOptions,
): tf.Tensor4D {
  if (q.rank !== 4 || k.rank !== 4 || v.rank !== 4) {
    throw invalidArgument(
      `attention: q, k and v must be [B, h, N, d], got ${shapeText(q)}, ${shapeText(k)}, ${shapeText(v)}`,
    );
  }
  if (!hasFusedKernel('CasslAttention')) return plainAttention(q, k, v, options);
  const { scale, bias } = options;
  const attend = tf.customGrad((...args) => {
    const tensors = args.slice(0, -1) as tf.Tensor[];
    const save = args.at(-1) as tf.GradSaveFunc;
    const [q, k, v, bias] = tensors;
    const [value, probabilities] = runFusedKernel('CasslAttention', { q, k, v, bias }, { scale });
    save([q!, k!, v!, probabilities!]);
    const attrs = bias ? { scale, biasShape: bias.shape } : { scale };
    return {
      value: value!,
      gradFunc: (dy, saved) => {
        const [q, k, v, probabilities] = saved;
        return runFusedKernel('CasslAttentionGrad', { dy: dy, q, k, v, probabilities }, attrs);
      },
    };
  });
  return attend(...(bias ? [q, k, v, bias] : [q, k, v])) as tf.Tensor4D;
}

export function plainAttention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  { scale, bias }: AttentionOptions,
): tf.Tensor4D {
  return tf.tidy(() => {
    const scores = tf.mul(tf.matMul(q, k, false, true), scale);
    return tf.matMul(tf.softmax(bias ? tf.add(scores, bias) : scores), v);
  });
}
