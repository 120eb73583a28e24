import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type * as fused from '../fused-kernels.ts';
import type { NativeCall } from '../native-call.ts';
import { writeActivation } from './activation.ts';
import { plainKernel, type Kernel, type KernelFamily } from './kernel-table.ts';
import { optimizerKernels } from './optimizer.ts';

function writeGeometry(call: NativeCall, geometry: fused.ConvolutionGeometry): NativeCall {
  const { stride, padding, dilation, groups } = geometry;
  return call
    .integers(stride)
    .integers(padding)
    .integers(padding)
    .integers(dilation)
    .number(groups)
    .flag(false);
}

function outputs(call: NativeCall, count: number): tf.TensorInfo[] {
  return Array.from({ length: count }, () => call.output());
}

/** The kernels of fused-kernels.ts. */
export const fusedKernels: KernelFamily = (torch) => {
  const convolution = torch.operation('convolution');
  const backpropInput = torch.operation('convolutionBackpropInput');
  const backpropFilter = torch.operation('convolutionBackpropFilter');
  const groupNorm = torch.operation('groupNorm');
  const groupNormGrad = torch.operation('groupNormGrad');
  const layerNorm = torch.operation('layerNorm');
  const layerNormGrad = torch.operation('layerNormGrad');
  const attention = torch.operation('attention');
  const attentionGrad = torch.operation('attentionGrad');
  const focalLoss = torch.operation('sigmoidFocalLoss');
  const focalLossGrad = torch.operation('sigmoidFocalLossGrad');

  const conv2d: Kernel = ({ x, filter, bias }, attrs) => {
    const call = torch.call().tensor(x!).tensor(filter!).optionalTensor(bias);
    writeGeometry(call, attrs as unknown as fused.CasslConv2dAttrs);
    return writeActivation(call, attrs).run(convolution).output();
  };

  return {
    ...optimizerKernels(torch),
    CasslReluGrad: plainKernel(torch, 'reluGrad', ['dy', 'y']),
    CasslGelu: plainKernel(torch, 'gelu', ['x']),
    CasslGeluGrad: plainKernel(torch, 'geluGrad', ['dy', 'x']),
    CasslConv2d: conv2d,
    CasslConv2dRelu: conv2d,
    CasslConv2dBackpropInput: ({ dy, filter }, attrs) => {
      const typed = attrs as unknown as fused.CasslConv2dBackpropInputAttrs;
      return writeGeometry(torch.call().tensor(dy!).tensor(filter!), typed)
        .integers(typed.inputShape)
        .run(backpropInput)
        .output();
    },
    CasslConv2dBackpropFilter: ({ x, dy }, attrs) => {
      const typed = attrs as unknown as fused.CasslConv2dBackpropFilterAttrs;
      const call = writeGeometry(torch.call().tensor(x!).tensor(dy!), typed)
        .integers(typed.filterShape)
        .flag(typed.withBias)
        .run(backpropFilter);
      return typed.withBias ? outputs(call, 2) : call.output();
    },
    CasslGroupNorm: ({ x, gamma, beta }, { groups, epsilon }) =>
      outputs(
        torch
          .call()
          .tensor(x!)
          .tensor(gamma!)
          .tensor(beta!)
          .number(groups as number)
          .number(epsilon as number)
          .run(groupNorm),
        3,
      ),
    CasslGroupNormGrad: ({ dy, x, gamma, mean, rstd }, { groups }) =>
      outputs(
        torch
          .call()
          .tensor(dy!)
          .tensor(x!)
          .tensor(gamma!)
          .tensor(mean!)
          .tensor(rstd!)
          .number(groups as number)
          .run(groupNormGrad),
        3,
      ),
    CasslLayerNorm: ({ x, gamma, beta }, { epsilon }) =>
      outputs(
        torch
          .call()
          .tensor(x!)
          .tensor(gamma!)
          .tensor(beta!)
          .number(epsilon as number)
          .run(layerNorm),
        3,
      ),
    CasslLayerNormGrad: ({ dy, x, gamma, mean, rstd }) =>
      outputs(
        torch.call().tensor(dy!).tensor(x!).tensor(gamma!).tensor(mean!).tensor(rstd!).run(layerNormGrad),
        3,
      ),
    CasslAttention: ({ q, k, v, bias }, { scale }) =>
      outputs(
        torch
          .call()
          .tensor(q!)
          .tensor(k!)
          .tensor(v!)
          .optionalTensor(bias)
          .number(scale as number)
          .run(attention),
        2,
      ),
    CasslAttentionGrad: ({ dy, q, k, v, probabilities }, attrs) => {
      const { scale, biasShape } = attrs as unknown as fused.CasslAttentionGradAttrs;
      const call = torch
        .call()
        .tensor(dy!)
        .tensor(q!)
        .tensor(k!)
        .tensor(v!)
        .tensor(probabilities!)
        .number(scale);
      call.flag(biasShape !== undefined);
      if (biasShape) call.integers(biasShape);
      return outputs(call.run(attentionGrad), biasShape ? 4 : 3);
    },
    CasslSigmoidFocalLoss: ({ logits, targets }, attrs) => {
      requireSameShape(logits!, targets!);
      const { alpha, gamma } = attrs as unknown as fused.CasslSigmoidFocalLossAttrs;
      return torch
        .call()
        .tensor(logits!)
        .tensor(targets!)
        .number(alpha)
        .number(gamma)
        .run(focalLoss)
        .output();
    },
    CasslSigmoidFocalLossGrad: ({ dy, logits, targets }, attrs) => {
      requireSameShape(logits!, targets!);
      const { alpha, gamma } = attrs as unknown as fused.CasslSigmoidFocalLossAttrs;
      const call = torch.call().tensor(dy!).tensor(logits!).tensor(targets!);
      return call.number(alpha).number(gamma).run(focalLossGrad).output();
    },
  };
};

function requireSameShape(logits: tf.TensorInfo, targets: tf.TensorInfo): void {
  if (tf.util.arraysEqual(logits.shape, targets.shape)) return;
  throw invalidArgument(
    `focal loss: targets [${targets.shape.join()}] must have logits' shape [${logits.shape.join()}]`,
  );
}
