import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';

/** gather's gradient, which the package lacks: ScatterNd adds up what falls on the same row. Ids out of range are dropped. */
export function registerUnsortedSegmentSum(): void {
  registerComposedKernel<{ readonly numSegments: number }>(
    'UnsortedSegmentSum',
    ({ x, segmentIds }, { numSegments }) => {
      const ids = segmentIds!;
      const inRange = tf.logicalAnd(tf.greaterEqual(ids, 0), tf.less(ids, numSegments));
      const dropped = tf.where(inRange, ids, tf.fill(ids.shape, numSegments, 'int32'));
      const inner = x!.shape.slice(ids.rank);
      const rows = tf.reshape(x!, [ids.size, ...inner]);
      const sums = tf.scatterND(tf.reshape(dropped, [ids.size, 1]), rows, [numSegments + 1, ...inner]);
      return tf.slice(sums, 0, numSegments);
    },
  );
}
