import * as tf from '@tensorflow/tfjs-core';
import { NoNativeForm } from '../no-native-form.ts';
import type { KernelFamily } from './kernel-table.ts';

/** Padding, and the moves between space, depth and batch. */
export const rearrangeKernels: KernelFamily = (torch) => {
  const pad = torch.operation('pad');
  const mirrorPad = torch.operation('mirrorPad');
  const slice = torch.operation('slice');
  const rearrange = torch.operation('rearrange');
  const padded = (x: tf.TensorInfo, paddings: readonly (readonly [number, number])[], value: number) =>
    torch
      .call()
      .tensor(x)
      .integers(paddings.map(([before]) => before))
      .integers(paddings.map(([, after]) => after))
      .number(value)
      .run(pad)
      .output();
  const rearranged = (x: tf.TensorInfo, viewed: number[], axes: number[], shape: number[]) =>
    torch.call().tensor(x).integers(viewed).integers(axes).integers(shape).run(rearrange).output();
  const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

  return {
    PadV2: ({ x }, { paddings, constantValue }) =>
      padded(x!, paddings as [number, number][], constantValue as number),
    MirrorPad: ({ x }, { paddings, mode }) =>
      torch
        .call()
        .tensor(x!)
        .integers((paddings as [number, number][]).map(([before]) => before))
        .integers((paddings as [number, number][]).map(([, after]) => after))
        .flag(mode === 'symmetric')
        .run(mirrorPad)
        .output(),
    SpaceToBatchND: ({ x }, attrs) => {
      const { blockShape, paddings } = attrs as unknown as tf.SpaceToBatchNDAttrs;
      const all: [number, number][] = [[0, 0], ...(paddings as [number, number][])];
      while (all.length < x!.shape.length) all.push([0, 0]);
      const bigger = padded(x!, all, 0);
      const size = product(blockShape);
      const viewed = tf.backend_util.getReshaped(bigger.shape, blockShape, size, false);
      const axes = tf.backend_util.getPermuted(viewed.length, blockShape.length, false);
      const shape = tf.backend_util.getReshapedPermuted(bigger.shape, blockShape, size, false);
      const result = rearranged(bigger, viewed, axes, shape);
      torch.disposeData(bigger.dataId);
      return result;
    },
    BatchToSpaceND: ({ x }, attrs) => {
      const { blockShape, crops } = attrs as unknown as tf.BatchToSpaceNDAttrs;
      const size = product(blockShape);
      const viewed = tf.backend_util.getReshaped(x!.shape, blockShape, size);
      const axes = tf.backend_util.getPermuted(viewed.length, blockShape.length);
      const shape = tf.backend_util.getReshapedPermuted(x!.shape, blockShape, size);
      const whole = rearranged(x!, viewed, axes, shape);
      const [begin, kept] = tf.slice_util.parseSliceParams(
        whole,
        tf.backend_util.getSliceBeginCoords(crops, blockShape.length),
        tf.backend_util.getSliceSize(shape, crops, blockShape.length),
      ) as [number[], number[]];
      const result = torch.call().tensor(whole).integers(begin).integers(kept).run(slice).output();
      torch.disposeData(whole.dataId);
      return result;
    },
    DepthToSpace: ({ x }, { blockSize, dataFormat }) => {
      if (dataFormat !== 'NHWC') throw new NoNativeForm(`depthToSpace in ${dataFormat as string}`);
      const [N, H, W, C] = x!.shape as [number, number, number, number];
      const block = blockSize as number;
      const depth = C / (block * block);
      return rearranged(
        x!,
        [N, H, W, block, block, depth],
        [0, 1, 3, 2, 4, 5],
        [N, H * block, W * block, depth],
      );
    },
  };
};
