import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';

/**
 * Kernels of the 'torch' backend that do in one native call what plain tfjs ops do in several. Plain ops stay the definition:
 * ask `tf.getKernel(name, tf.getBackend())` and compose where it is undefined.
 * Call with `tf.engine().runKernel(name, inputs as never, attrs as never)`; a kernel with several outputs returns an array.
 * All tensors are float32 and row-major in the shapes given (NHWC).
 */
export const fusedKernelNames = [
  'CasslConv2d',
  /** The same with ReLU behind it; a name of its own because its gradient needs the output and the linear one's does not. */
  'CasslConv2dRelu',
  'CasslConv2dBackpropInput',
  'CasslConv2dBackpropFilter',
  'CasslReluGrad',
  'CasslGroupNorm',
  'CasslGroupNormGrad',
  'CasslLayerNorm',
  'CasslLayerNormGrad',
  'CasslAttention',
  'CasslAttentionGrad',
  'CasslSigmoidFocalLoss',
  'CasslSigmoidFocalLossGrad',
  'CasslGelu',
  'CasslGeluGrad',
  'CasslSgdStep',
  'CasslAdamWStep',
] as const;

export type FusedKernelName = (typeof fusedKernelNames)[number];

/** [height, width] */
export type Pair = readonly [number, number];

/** Shared by the three convolution kernels; `padding` is added on both sides of the axis. */
export interface ConvolutionGeometry {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** → y [N, Ho, Wo, O] = activation(conv(x, filter) + bias) */
export interface CasslConv2dInputs {
  readonly x: TensorInfo; // [N, H, W, I]
  readonly filter: TensorInfo; // [kh, kw, I / groups, O]
  readonly bias?: TensorInfo; // [O]
}
export interface CasslConv2dAttrs extends ConvolutionGeometry {
  readonly activation: 'linear' | 'relu';
}

/** → dx [N, H, W, I]. `dy` is the gradient before the activation: for relu pass it through CasslReluGrad once. */
export interface CasslConv2dBackpropInputInputs {
  readonly dy: TensorInfo; // [N, Ho, Wo, O]
  readonly filter: TensorInfo; // [kh, kw, I / groups, O]
}
export interface CasslConv2dBackpropInputAttrs extends ConvolutionGeometry {
  readonly inputShape: readonly [number, number, number, number];
}

/** → dFilter [kh, kw, I / groups, O], or with `withBias` the array [dFilter, dBias [O]] at no extra cost. */
export interface CasslConv2dBackpropFilterInputs {
  readonly x: TensorInfo; // [N, H, W, I]
  readonly dy: TensorInfo; // [N, Ho, Wo, O]
}
export interface CasslConv2dBackpropFilterAttrs extends ConvolutionGeometry {
  readonly filterShape: readonly [number, number, number, number];
  readonly withBias: boolean;
}

/** → dx = dy where y > 0, else 0. `y` is relu's output (or its input: the sign is all that counts). */
export interface CasslReluGradInputs {
  readonly dy: TensorInfo;
  readonly y: TensorInfo;
}

/** → [y [N, H, W, C], mean [N, groups], rstd [N, groups]] */
export interface CasslGroupNormInputs {
  readonly x: TensorInfo; // [N, H, W, C]
  readonly gamma: TensorInfo; // [C]
  readonly beta: TensorInfo; // [C]
}
export interface CasslGroupNormAttrs {
  readonly groups: number;
  readonly epsilon: number;
}

/** → [dx, dGamma [C], dBeta [C]] */
export interface CasslGroupNormGradInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly gamma: TensorInfo;
  readonly mean: TensorInfo;
  readonly rstd: TensorInfo;
}
export interface CasslGroupNormGradAttrs {
  readonly groups: number;
}

/** Over the last axis. → [y, mean [..., 1], rstd [..., 1]] */
export interface CasslLayerNormInputs {
  readonly x: TensorInfo; // [..., C]
  readonly gamma: TensorInfo; // [C]
  readonly beta: TensorInfo; // [C]
}
export interface CasslLayerNormAttrs {
  readonly epsilon: number;
}

/** → [dx, dGamma [C], dBeta [C]]; no attributes. */
export interface CasslLayerNormGradInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly gamma: TensorInfo;
  readonly mean: TensorInfo;
  readonly rstd: TensorInfo;
}

/** → [y [B, h, N, d], probabilities [B, h, N, M]] = softmax(q·kᵀ·scale + bias)·v; keep the second for the gradient. */
export interface CasslAttentionInputs {
  readonly q: TensorInfo; // [B, h, N, d]
  readonly k: TensorInfo; // [B, h, M, d]
  readonly v: TensorInfo; // [B, h, M, d]
  readonly bias?: TensorInfo; // broadcasts to [B, h, N, M]
}
export interface CasslAttentionAttrs {
  readonly scale: number;
}

/** → [dq, dk, dv], and dBias [biasShape] as fourth where `biasShape` is given. */
export interface CasslAttentionGradInputs {
  readonly dy: TensorInfo;
  readonly q: TensorInfo;
  readonly k: TensorInfo;
  readonly v: TensorInfo;
  readonly probabilities: TensorInfo;
}
export interface CasslAttentionGradAttrs {
  readonly scale: number;
  readonly biasShape?: readonly number[];
}

/** → loss, elementwise: -alpha_t (1 - p_t)^gamma log(p_t) (RetinaNet, arXiv 1708.02002); a negative alpha means no weighting. */
export interface CasslSigmoidFocalLossInputs {
  readonly logits: TensorInfo;
  readonly targets: TensorInfo; // same shape, in [0, 1]
}
export interface CasslSigmoidFocalLossAttrs {
  readonly alpha: number;
  readonly gamma: number;
}

/** → dLogits */
export interface CasslSigmoidFocalLossGradInputs extends CasslSigmoidFocalLossInputs {
  readonly dy: TensorInfo;
}

/** → x·Φ(x), the erf form; no attributes. */
export interface CasslGeluInputs {
  readonly x: TensorInfo;
}
/** → dx */
export interface CasslGeluGradInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
}

/**
 * One step over all parameters in one call; no output. `inputs` is a flat array
 * [...parameters, ...gradients, ...velocities], each `attrs.weightDecay.length` long. Parameters and velocities are
 * variables and change in place; a variable that shares its data with another tensor gets its own copy first.
 * g += weightDecay·p; v = momentum·v + g; p -= learningRate·v. Velocities start at zero.
 */
export type CasslSgdStepInputs = readonly (Variable | Tensor)[];
export interface CasslSgdStepAttrs {
  readonly learningRate: number;
  readonly momentum: number;
  /** One per parameter. */
  readonly weightDecay: readonly number[];
}

/**
 * As CasslSgdStep with `inputs` [...parameters, ...gradients, ...firstMoments, ...secondMoments].
 * p *= 1 - learningRate·weightDecay; m, v exponential averages with bias correction at `step` (1 on the first call);
 * p -= learningRate · m̂ / (√v̂ + epsilon).
 */
export type CasslAdamWStepInputs = readonly (Variable | Tensor)[];
export interface CasslAdamWStepAttrs {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly step: number;
  /** One per parameter. */
  readonly weightDecay: readonly number[];
}
