import * as tf from '@tensorflow/tfjs-core';
import type { NativeCall } from '../native-call.ts';
import type { Kernel, KernelFamily } from './kernel-table.ts';

interface PoolWindow {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly input: readonly number[];
  readonly output: readonly number[];
}

type ReadWindow = (inputShape: number[], attrs: tf.NamedAttrMap) => PoolWindow;

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

const window2d: ReadWindow = (inputShape, attrs) => {
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
  return {
    size: [info.filterHeight, info.filterWidth],
    stride: [info.strideHeight, info.strideWidth],
    before: [top, left],
    after: [bottom, right],
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
  };
};

const window3d: ReadWindow = (inputShape, attrs) => {
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
  return {
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: [front, top, left],
    after: [back, bottom, right],
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
  };
};

// As in tfjs, 1×1 windows that give as many outputs as there are inputs give the input, whatever the stride.
const keepsAll = ({ size, input, output }: PoolWindow): boolean =>
  size.every((extent) => extent === 1) && tf.util.arraysEqual([...input], [...output]);

// A window wider than an unpadded input fits nowhere.
const givesNothing = ({ output }: PoolWindow): boolean => output.includes(0);

export const poolingKernels: KernelFamily = (torch) => {
  const shared = (x: tf.TensorInfo): tf.TensorInfo => {
    torch.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  const pool = (name: string, readWindow: ReadWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, attrs) => {
      const window = readWindow(x!.shape, attrs);
      if (keepsAll(window)) return shared(x!);
      if (givesNothing(window)) {
        return torch.makeTensorInfo([x!.shape[0]!, ...window.output, x!.shape.at(-1)!], x!.dtype, []);
      }
      return writeWindow(torch.call().tensor(x!), window).run(operation).output();
    };
  };
  const poolGrad = (name: string, readWindow: ReadWindow): Kernel => {
    const operation = torch.operation(name);
    return ({ dy, input }, attrs) => {
      const window = readWindow(input!.shape, attrs);
      if (keepsAll(window)) return shared(dy!);
      if (givesNothing(window)) {
        return torch.makeTensorInfo(
          input!.shape,
          'float32',
          new Float32Array(tf.util.sizeFromShape(input!.shape)),
        );
      }
      return writeWindow(torch.call().tensor(dy!).tensor(input!), window).run(operation).output();
    };
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
      const call = writeWindow(torch.call().tensor(x!), window2d(x!.shape, attrs));
      call.flag(attrs['includeBatchInIndex'] as boolean).run(withArgmax);
      return [call.output(), call.output()];
    },
  };
};
