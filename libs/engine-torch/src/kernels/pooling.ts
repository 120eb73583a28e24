import * as tf from '@tensorflow/tfjs-core';
import type { NativeCall } from '../native-call.ts';
import type { Kernel, KernelFamily } from './kernel-table.ts';

type WriteWindow = (call: NativeCall, inputShape: number[], attrs: tf.NamedAttrMap) => NativeCall;

interface PoolWindow {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly input: readonly number[];
  readonly output: readonly number[];
}

// Where tfjs rounds the output size up, the last window reaches past the padding: more of it is added there.
function writeWindow(
  call: NativeCall,
  { size, stride, before, after, input, output }: PoolWindow,
): NativeCall {
  const reached = after.map((pad, i) =>
    Math.max(pad, (output[i]! - 1) * stride[i]! + size[i]! - input[i]! - before[i]!),
  );
  return call
    .integers(size)
    .integers(stride)
    .integers(before)
    .integers(reached)
    .integers(size.map(() => 1));
}

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
  return writeWindow(call, {
    size: [info.filterHeight, info.filterWidth],
    stride: [info.strideHeight, info.strideWidth],
    before: [top, left],
    after: [bottom, right],
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
  });
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
  return writeWindow(call, {
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: [front, top, left],
    after: [back, bottom, right],
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
  });
};

export const poolingKernels: KernelFamily = (torch) => {
  const pool = (name: string, write: WriteWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, attrs) => write(torch.call().tensor(x!), x!.shape, attrs).run(operation).output();
  };
  const poolGrad = (name: string, write: WriteWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ dy, input }, attrs) =>
      write(torch.call().tensor(dy!).tensor(input!), input!.shape, attrs).run(operation).output();
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
