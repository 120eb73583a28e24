import * as tf from '@tensorflow/tfjs-core';
import type { NativeCall } from '../native-call.ts';
import { inputList, type Kernel, type KernelFamily } from './kernel-table.ts';
import { rearrangeKernels } from './rearrange.ts';

export const shapeKernels: KernelFamily = (torch) => {
  const transpose = torch.operation('transpose');
  const slice = torch.operation('slice');
  const stridedSlice = torch.operation('stridedSlice');
  const concat = torch.operation('concat');
  const split = torch.operation('split');
  const pack = torch.operation('pack');
  const unpack = torch.operation('unpack');
  const tile = torch.operation('tile');
  const broadcastTo = torch.operation('broadcastTo');
  const reverse = torch.operation('reverse');
  const diag = torch.operation('diag');

  const shared = (x: tf.TensorInfo, shape: number[]): tf.TensorInfo => {
    torch.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  };
  const outputs = (call: NativeCall, count: number): tf.TensorInfo[] =>
    Array.from({ length: count }, () => call.output());
  const sliced: Kernel = ({ x }, attrs) => {
    const [begin, size] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      attrs['begin'] as number[],
      attrs['size'] as number[],
    ) as [number[], number[]];
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
    return torch.call().tensor(x!).integers(begin).integers(size).run(slice).output();
  };

  return {
    ...rearrangeKernels(torch),
    Reshape: ({ x }, { shape }) => {
      const size = tf.util.sizeFromShape(x!.shape);
      const wanted = tf.util.inferFromImplicitShape(shape as number[], size);
      tf.util.assert(
        size === tf.util.sizeFromShape(wanted),
        () =>
          `The new shape (${wanted.join()}) has another number of elements than the old shape (${x!.shape.join()})`,
      );
      return shared(x!, wanted);
    },
    ExpandDims: ({ input }, { dim }) => {
      const axis = dim as number;
      const shape = input!.shape.slice();
      tf.util.assert(
        axis >= -(shape.length + 1) && axis <= shape.length,
        () => `Axis must be in the interval [${-(shape.length + 1)}, ${shape.length}], got ${axis}`,
      );
      shape.splice(axis < 0 ? shape.length + axis + 1 : axis, 0, 1);
      return shared(input!, shape);
    },
    Transpose: ({ x }, { perm }) =>
      torch
        .call()
        .tensor(x!)
        .integers(perm as number[])
        .run(transpose)
        .output(),
    Slice: sliced,
    StridedSlice: ({ x }, attrs) => {
      const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
        attrs as unknown as tf.StridedSliceAttrs;
      const info = tf.slice_util.sliceInfo(
        x!.shape,
        begin,
        end,
        strides,
        beginMask,
        endMask,
        ellipsisMask,
        newAxisMask,
        shrinkAxisMask,
      );
      if (info.isIdentity) return shared(x!, info.finalShape);
      return torch
        .call()
        .tensor(x!)
        .integers(info.begin)
        .integers(info.end)
        .integers(info.strides)
        .integers(info.finalShape)
        .run(stridedSlice)
        .output();
    },
    Concat: (list, { axis }) => {
      const inputs = inputList(list);
      const [only] = tf.util.parseAxisParam(axis as number, inputs[0]!.shape) as [number];
      tf.backend_util.assertParamsConsistent(
        inputs.map((input) => input.shape),
        only,
      );
      const filled = inputs.filter((input) => tf.util.sizeFromShape(input.shape) > 0);
      if (filled.length === 1) return shared(filled[0]!, filled[0]!.shape);
      return torch
        .call()
        .tensors(filled.length > 0 ? filled : inputs)
        .number(only)
        .run(concat)
        .output();
    },
    SplitV: ({ x }, { numOrSizeSplits, axis }) => {
      const [only] = tf.util.parseAxisParam(axis as number, x!.shape) as [number];
      const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits as number[], only);
      return outputs(torch.call().tensor(x!).integers(sizes).number(only).run(split), sizes.length);
    },
    Pack: (list, { axis }) => {
      const inputs = inputList(list);
      for (const { shape, dtype } of inputs) {
        tf.util.assertShapesMatch(
          inputs[0]!.shape,
          shape,
          'All tensors passed to stack must have matching shapes',
        );
        tf.util.assert(
          inputs[0]!.dtype === dtype,
          () => 'All tensors passed to stack must have matching dtypes',
        );
      }
      return torch
        .call()
        .tensors(inputs)
        .number(axis as number)
        .run(pack)
        .output();
    },
    Unpack: ({ value }, { axis }) => {
      const [only] = tf.util.parseAxisParam(axis as number, value!.shape) as [number];
      return outputs(torch.call().tensor(value!).number(only).run(unpack), value!.shape[only]!);
    },
    Tile: ({ x }, { reps }) =>
      torch
        .call()
        .tensor(x!)
        .integers(reps as number[])
        .run(tile)
        .output(),
    BroadcastTo: ({ x }, { shape }) =>
      torch
        .call()
        .tensor(x!)
        .integers(shape as number[])
        .run(broadcastTo)
        .output(),
    Reverse: ({ x }, { dims }) => {
      const axes = tf.util.parseAxisParam(dims as number[], x!.shape);
      return x!.shape.length === 0
        ? shared(x!, [])
        : torch.call().tensor(x!).integers(axes).run(reverse).output();
    },
    Diag: ({ x }) => torch.call().tensor(x!).run(diag).output(),
    BroadcastArgs: ({ s0, s1 }) => {
      const shape = tf.backend_util.assertAndGetBroadcastShape(
        Array.from(torch.readSync(s0!.dataId) as Int32Array),
        Array.from(torch.readSync(s1!.dataId) as Int32Array),
      );
      return torch.makeTensorInfo([shape.length], 'int32', Int32Array.from(shape));
    },
  };
};
