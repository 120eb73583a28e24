import * as tf from '@tensorflow/tfjs-core';
import type { Inputs, KernelFamily } from './kernel-table.ts';

/** Non-maximum suppression is sequential: it runs on the host, on values read once. */
export const suppressionKernels: KernelFamily = (torch) => {
  const read = ({ boxes, scores }: Inputs): [Float32Array, Float32Array] => [
    torch.readSync(boxes!.dataId) as Float32Array,
    torch.readSync(scores!.dataId) as Float32Array,
  ];
  const indices = (list: readonly number[]): tf.TensorInfo =>
    torch.makeTensorInfo([list.length], 'int32', Int32Array.from(list));
  return {
    NonMaxSuppressionV3: (inputs, attrs) => {
      const { maxOutputSize, iouThreshold, scoreThreshold } = attrs as unknown as tf.NonMaxSuppressionV3Attrs;
      const { selectedIndices } = tf.kernel_impls.nonMaxSuppressionV3Impl(
        ...read(inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
      );
      return indices(selectedIndices);
    },
    NonMaxSuppressionV4: (inputs, attrs) => {
      const { maxOutputSize, iouThreshold, scoreThreshold, padToMaxOutputSize } =
        attrs as unknown as tf.NonMaxSuppressionV4Attrs;
      const { selectedIndices, validOutputs } = tf.kernel_impls.nonMaxSuppressionV4Impl(
        ...read(inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
        padToMaxOutputSize,
      );
      return [indices(selectedIndices), torch.makeTensorInfo([], 'int32', Int32Array.of(validOutputs!))];
    },
    NonMaxSuppressionV5: (inputs, attrs) => {
      const { maxOutputSize, iouThreshold, scoreThreshold, softNmsSigma } =
        attrs as unknown as tf.NonMaxSuppressionV5Attrs;
      const { selectedIndices, selectedScores } = tf.kernel_impls.nonMaxSuppressionV5Impl(
        ...read(inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
        softNmsSigma,
      );
      const scores = Float32Array.from(selectedScores!);
      return [indices(selectedIndices), torch.makeTensorInfo([scores.length], 'float32', scores)];
    },
  };
};
