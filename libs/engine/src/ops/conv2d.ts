import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type { CasslConv2dAttrs } from '@cassl/engine-torch';
import { hasFusedKernel, runFusedKernel } from './fused-kernel.ts';
import type { CompiledConv2dOptions, Conv2dOptions } from './conv2d-options.ts';
import { plainConv2d } from './plain-conv2d.ts';
import { shapeText } from './shape-text.ts';

/**
 * activation(conv(x, filter) + bias), padded as in PyTorch.
 *
 * @param x [N, H, W, I]
 * @param filter [kh, kw, I / groups, O]
 * @returns [N, floor((H + 2·padding - dilation·(kh - 1) - 1) / stride) + 1, …, O]
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  const compiled = {
    stride: 1,
    padding: 0,
    dilation: 1,
    groups: 1,
    activation: 'linear',
    ...options,
  } as const;
  checkShapes(x, filter, compiled);
  if (!hasFusedKernel('CasslConv2d')) return plainConv2d(x, filter, compiled);
  const { bias, stride, padding, dilation, groups, activation } = compiled;
  const attrs: CasslConv2dAttrs = {
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [dilation, dilation],
    groups,
    activation,
  };
  const kernel = activation === 'relu' ? 'CasslConv2dRelu' : 'CasslConv2d';
  return runFusedKernel(kernel, { x, filter, bias }, attrs)[0] as tf.Tensor4D;
}

function checkShapes(x: tf.Tensor4D, filter: tf.Tensor4D, options: CompiledConv2dOptions): void {
  const { bias, stride, padding, dilation, groups } = options;
  if (x.rank !== 4 || filter.rank !== 4) {
    throw invalidArgument(
      `conv2d: x and filter must have 4 axes, got ${shapeText(x)} and ${shapeText(filter)}`,
    );
  }
  for (const [name, value, least] of [
    ['stride', stride, 1],
    ['padding', padding, 0],
    ['dilation', dilation, 1],
    ['groups', groups, 1],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw invalidArgument(`conv2d: ${name} must be an integer of at least ${least}, got ${value}`);
    }
  }
  const outputs = filter.shape[3];
  if (filter.shape[2] * groups !== x.shape[3] || outputs % groups !== 0) {
    throw invalidArgument(
      `conv2d: filter ${shapeText(filter)} with ${groups} groups does not fit x ${shapeText(x)}: its third axis must be ${x.shape[3]} / ${groups}, its fourth a multiple of ${groups}`,
    );
  }
  if (bias && bias.size !== outputs) {
    throw invalidArgument(`conv2d: bias must have ${outputs} elements, got ${shapeText(bias)}`);
  }
}

// The filter's and the bias's gradients come from one kernel, and relu's is taken once for all three.
const gradFunc: tf.GradFunc = (dy, saved, attrs) => {
  const [x, filter, y] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D?];
  const { stride, padding, dilation, groups } = attrs as unknown as CasslConv2dAttrs;
  const geometry = { stride, padding, dilation, groups };
  const dLinear = y ? runFusedKernel('CasslReluGrad', { dy: dy as tf.Tensor, y })[0]! : (dy as tf.Tensor);
  const filterAttrs = { ...geometry, filterShape: filter.shape, withBias: true };
  const [dFilter, dBias] = runFusedKernel('CasslConv2dBackpropFilter', { x, dy: dLinear }, filterAttrs);
  const inputAttrs = { ...geometry, inputShape: x.shape };
  return {
    x: () => {
      const [dx] = runFusedKernel('CasslConv2dBackpropInput', { dy: dLinear, filter }, inputAttrs);
      // The tape would keep it to the end of the backward pass.
      if (y) dLinear.dispose();
      return dx!;
    },
    filter: () => dFilter!,
    bias: () => dBias!,
  };
};

// A linear output is not needed again, and is the largest thing that its layer could keep.
const inputsToSave = ['x', 'filter'];
tf.registerGradient({ kernelName: 'CasslConv2d', inputsToSave, gradFunc });
tf.registerGradient({ kernelName: 'CasslConv2dRelu', inputsToSave, outputsToSave: [true], gradFunc });
