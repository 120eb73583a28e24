import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';
import { shapeText } from './shape-text.ts';

export interface FocalLossOptions {
  /** Weight of positives; negatives weigh 1 - alpha. Below zero: no weighting. Default 0.25. */
  readonly alpha?: number;
  /** How strongly easy examples are faded out. Default 2. */
  readonly gamma?: number;
}

/**
 * Focal loss of independent binary decisions (arXiv 1708.02002), elementwise and unreduced:
 * alpha_t (1 - p_t)^gamma · -log p_t. Gradients flow to the logits alone.
 *
 * @param targets same shape as `logits`, in [0, 1]
 */
export function sigmoidFocalLoss<T extends tf.Tensor>(
  logits: T,
  targets: T,
  options: FocalLossOptions = {},
): T {
  const { alpha = 0.25, gamma = 2 } = options;
  if (!tf.util.arraysEqual(logits.shape, targets.shape)) {
    throw invalidArgument(
      `sigmoidFocalLoss: targets must have the shape of logits ${shapeText(logits)}, got ${shapeText(targets)}`,
    );
  }
  if (!hasFusedKernel('CasslSigmoidFocalLoss')) return plainSigmoidFocalLoss(logits, targets, alpha, gamma);
  return runFusedKernel('CasslSigmoidFocalLoss', { logits, targets }, { alpha, gamma })[0] as T;
}

export function plainSigmoidFocalLoss<T extends tf.Tensor>(
  logits: T,
  targets: T,
  alpha: number,
  gamma: number,
): T {
  return tf.tidy(() => {
    // -log p_t, through softplus: exact for large logits, and smooth where |x| would have a kink.
    const crossEntropy = tf.sub(tf.softplus(logits), tf.mul(logits, targets));
    const p = tf.sigmoid(logits);
    // 1 - p_t = p + t - 2pt
    const miss = tf.sub(tf.add(p, targets), tf.mul(tf.mul(p, targets), 2));
    const fade = gamma === 2 ? tf.square(miss) : tf.pow(miss, gamma);
    const loss = tf.mul(fade, crossEntropy);
    return (alpha < 0 ? loss : tf.mul(loss, tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha))) as T;
  });
}

tf.registerGradient({
  kernelName: 'CasslSigmoidFocalLoss',
  inputsToSave: ['logits', 'targets'],
  gradFunc: (dy, saved, attrs) => {
    const [logits, targets] = saved as [tf.Tensor, tf.Tensor];
    return {
      logits: () =>
        runFusedKernel('CasslSigmoidFocalLossGrad', { dy: dy as tf.Tensor, logits, targets }, attrs)[0]!,
      targets: () => tf.zerosLike(targets),
    };
  },
});
