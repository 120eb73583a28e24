import * as tf from '@tensorflow/tfjs-core';
import type { Kernel, KernelFamily } from './kernel-table.ts';

type Axes = number | number[];

const flat = (x: tf.TensorInfo): tf.TensorInfo => ({ ...x, shape: [tf.util.sizeFromShape(x.shape)] });

export const reductionKernels: KernelFamily = (torch) => {
  const over = (name: string, axisAttr = 'axis'): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, attrs) => {
      const axes = tf.util.parseAxisParam(attrs[axisAttr] as Axes, x!.shape);
      return torch
        .call()
        .tensor(x!)
        .integers(axes)
        .flag(attrs['keepDims'] as boolean)
        .run(operation)
        .output();
    };
  };
  const along = (name: string): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, { axis }) => {
      const [only] = tf.util.parseAxisParam(axis as Axes, x!.shape) as [number];
      return torch.call().tensor(x!).number(only).run(operation).output();
    };
  };
  const running = (name: string): Kernel => {
    const operation = torch.operation(name);
    return ({ x }, { axis, exclusive, reverse }) => {
      const [only] = tf.util.parseAxisParam(axis as number, x!.shape) as [number];
      return torch
        .call()
        .tensor(x!)
        .number(only)
        .flag(exclusive as boolean)
        .flag(reverse as boolean)
        .run(operation)
        .output();
    };
  };
  const softmax = torch.operation('softmax');
  const logSoftmax = torch.operation('logSoftmax');
  const bincount = torch.operation('bincount');
  return {
    Sum: over('sum'),
    Mean: over('mean'),
    Prod: over('prod'),
    Max: over('max', 'reductionIndices'),
    Min: over('min'),
    All: over('all'),
    Any: over('any'),
    ArgMax: along('argMax'),
    ArgMin: along('argMin'),
    Cumsum: running('cumsum'),
    Cumprod: running('cumprod'),
    Softmax: ({ logits }, { dim }) =>
      torch
        .call()
        .tensor(logits!)
        .number(dim as number)
        .run(softmax)
        .output(),
    LogSoftmax: ({ logits }, { axis }) =>
      torch
        .call()
        .tensor(logits!)
        .number(axis as number)
        .run(logSoftmax)
        .output(),
    Bincount: ({ x, weights }, { size }) =>
      torch
        .call()
        .tensor(flat(x!))
        .tensor(flat(weights!))
        .number(size as number)
        .flag(false)
        .run(bincount)
        .output(),
    DenseBincount: ({ x, weights }, { size, binaryOutput }) =>
      torch
        .call()
        .tensor(x!)
        .tensor(weights!)
        .number(size as number)
        .flag(binaryOutput as boolean)
        .run(bincount)
        .output(),
  };
};
