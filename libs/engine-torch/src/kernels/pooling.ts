import * as tf from '@tensorflow/tfjs-core';
import type { NativeCall } from '../native-call.ts';
import type { Kernel, KernelFamily } from './kernel-table.ts';

type WriteWindow = (call: NativeCall, inputShape: number[], attrs: tf.NamedAttrMap) => NativeCall;

const window2d: WriteWindow = (call, inputShape, attrs) => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolAttrs;
  const info = tf.backend_util.computePool2DInfo(
    inputShape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { top, bottom, left, right } = info.padInfo;
  return call
    .integers([info.filterHeight, info.filterWidth])
    .integers([info.strideHeight, info.strideWidth])
    .integers([top, left])
    .integers([bottom, right])
    .integers([1, 1]);
};

const window3d: WriteWindow = (call, inputShape, attrs) => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPool3DAttrs;
  const info = tf.backend_util.computePool3DInfo(
    inputShape as [number, number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { front, back, top, bottom, left, right } = info.padInfo;
  return call
    .integers([info.filterDepth, info.filterHeight, info.filterWidth])
    .integers([info.strideDepth, info.strideHeight, info.strideWidth])
    .integers([front, top, left])
    .integers([back, bottom, right])
    .integers([1, 1, 1]);
};

export const poolingKernels: KernelFamily = (torch) => {
  const pool = (name: string, writeWindow: WriteWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, attrs) => writeWindow(torch.call().tensor(x!), x!.shape, attrs).run(operation).output();
  };
  const poolGrad = (name: string, writeWindow: WriteWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ dy, input }, attrs) =>
      writeWindow(torch.call().tensor(dy!).tensor(input!), input!.shape, attrs).run(operation).output();
  };
  const withArgmax = torch.operation('maxPoolWithArgmax');
  return {
    MaxPool: pool('maxPool', window2d),
    AvgPool: pool('avgPool', window2d),
    MaxPool3D: pool('maxPool', window3d),
    AvgPool3D: pool('avgPool', window3d),
    MaxPoolGrad: poolGrad('maxPoolGrad', window2d),
    AvgPoolGrad: poolGrad('avgPoolGrad', window2d),
    MaxPool3DGrad: poolGrad('maxPoolGrad', window3d),
    AvgPool3DGrad: poolGrad('avgPoolGrad', window3d),
    MaxPoolWithArgmax: ({ x }, attrs) => {
      const call = window2d(torch.call().tensor(x!), x!.shape, attrs);
      call.flag(attrs['includeBatchInIndex'] as boolean).run(withArgmax);
      return [call.output(), call.output()];
    },
  };
};
