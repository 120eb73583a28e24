import * as tf from '@tensorflow/tfjs-core';
import type { Kernel, KernelFamily } from './kernel-table.ts';

export const indexingKernels: KernelFamily = (torch) => {
  const gather = torch.operation('gather');
  const gatherNd = torch.operation('gatherNd');
  const scatterNd = torch.operation('scatterNd');
  const scatterUpdate = torch.operation('scatterUpdate');
  const unsortedSegmentSum = torch.operation('unsortedSegmentSum');
  const oneHot = torch.operation('oneHot');
  const topK = torch.operation('topK');
  const bandPart = torch.operation('bandPart');
  const searchSorted = torch.operation('searchSorted');
  const search =
    (right: boolean): Kernel =>
    ({ sortedSequence, values }) =>
      torch.call().tensor(sortedSequence!).tensor(values!).flag(right).run(searchSorted).output();

  return {
    GatherV2: ({ x, indices }, { axis, batchDims }) => {
      const [only] = tf.util.parseAxisParam(axis as number, x!.shape) as [number];
      const batch = (batchDims as number | undefined) ?? 0;
      tf.backend_util.segment_util.collectGatherOpShapeInfo(
        x as tf.Tensor,
        indices as tf.Tensor,
        only,
        batch,
      );
      return torch
        .call()
        .tensor(x!)
        .tensor(indices!)
        .number(only)
        .number(batch < 0 ? batch + indices!.shape.length : batch)
        .run(gather)
        .output();
    },
    GatherNd: ({ params, indices }) => torch.call().tensor(params!).tensor(indices!).run(gatherNd).output(),
    ScatterNd: ({ indices, updates }, { shape }) =>
      torch
        .call()
        .tensor(indices!)
        .tensor(updates!)
        .integers(shape as number[])
        .run(scatterNd)
        .output(),
    TensorScatterUpdate: ({ tensor, indices, updates }) =>
      torch.call().tensor(tensor!).tensor(indices!).tensor(updates!).run(scatterUpdate).output(),
    UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) =>
      torch
        .call()
        .tensor(x!)
        .tensor(segmentIds!)
        .number(numSegments as number)
        .run(unsortedSegmentSum)
        .output(),
    OneHot: ({ indices }, attrs) => {
      const { depth, onValue, offValue, dtype } = attrs as unknown as tf.OneHotAttrs;
      return torch
        .call()
        .tensor(indices!)
        .number(depth)
        .number(onValue)
        .number(offValue)
        .dtype(dtype)
        .run(oneHot)
        .output();
    },
    TopK: ({ x }, { k }) => {
      const call = torch
        .call()
        .tensor(x!)
        .number(k as number)
        .run(topK);
      return [call.output(), call.output()];
    },
    MatrixBandPart: ({ input, numLower, numUpper }) => {
      const [lower, upper] = [numLower!, numUpper!].map(({ dataId }) => torch.readSync(dataId)[0] as number);
      return torch.call().tensor(input!).number(lower!).number(upper!).run(bandPart).output();
    },
    LowerBound: search(false),
    UpperBound: search(true),
    SearchSorted: ({ sortedSequence, values }, { side }) =>
      torch
        .call()
        .tensor(sortedSequence!)
        .tensor(values!)
        .flag(side === 'right')
        .run(searchSorted)
        .output(),
  };
};
