import * as tf from '@tensorflow/tfjs-core';
import type { KernelFamily } from './kernel-table.ts';

/** Kernels that make a tensor from numbers. */
export const creationKernels: KernelFamily = (torch) => {
  const fill = torch.operation('fill');
  const range = torch.operation('range');
  const multinomial = torch.operation('multinomial');
  const arithmetic = (start: number, step: number, count: number, dtype: tf.DataType): tf.TensorInfo =>
    torch.call().number(start).number(step).number(count).dtype(dtype).run(range).output();
  return {
    Fill: (_inputs, attrs) => {
      const { shape, value, dtype } = attrs as unknown as tf.FillAttrs;
      const type = dtype || tf.util.inferDtype(value);
      if (type === 'string') {
        return torch.makeTensorInfo(
          shape,
          'string',
          new Array<string>(tf.util.sizeFromShape(shape)).fill(String(value)),
        );
      }
      return torch.call().integers(shape).number(Number(value)).dtype(type).run(fill).output();
    },
    Range: (_inputs, attrs) => {
      const { start, stop, step, dtype } = attrs as unknown as tf.RangeAttrs;
      const impossible = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
      if (impossible) return arithmetic(0, 0, 0, dtype);
      const stride = stop < start && step === 1 ? -1 : step;
      return arithmetic(start, stride, Math.abs(Math.ceil((stop - start) / stride)), dtype);
    },
    LinSpace: (_inputs, attrs) => {
      const { start, stop, num } = attrs as unknown as tf.LinSpaceAttrs;
      return arithmetic(start, num > 1 ? (stop - start) / (num - 1) : 0, num, 'float32');
    },
    Multinomial: ({ logits }, { numSamples, seed, normalized }) =>
      torch
        .call()
        .tensor(logits!)
        .number(numSamples as number)
        .number(seed as number)
        .flag(normalized as boolean)
        .run(multinomial)
        .output(),
  };
};
