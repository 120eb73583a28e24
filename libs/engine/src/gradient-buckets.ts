import type * as tf from '@tensorflow/tfjs-core';
import type { ProcessGroup, TravellingSums } from './process-group.ts';

/** PyTorch's DistributedDataParallel takes 25 MiB: long enough to fill a network, short enough to leave early. */
const BUCKET_BYTES = 25 * 2 ** 20;

/** Sums gradients over all processes while the backward pass still makes the others. */
export interface GradientBuckets {
  /** A gradient in its final form: all processes must add the same ones in the same order. The caller keeps it until `finish`. */
  add(gradient: tf.Tensor): void;
  /** The sums, new tensors, in the order of `add`; waits until they are here. */
  finish(): tf.Tensor[];
}

/** Collects gradients until `bucketBytes` are together and sends them off; made anew for each step. */
export function createGradientBuckets(
  group: Pick<ProcessGroup, 'startSum'>,
  { bucketBytes = BUCKET_BYTES }: { readonly bucketBytes?: number } = {},
): GradientBuckets {
  const sent: TravellingSums[] = [];
  let open: tf.Tensor[] = [];
  let bytes = 0;
  const send = (): void => {
    if (open.length > 0) sent.push(group.startSum(open));
    open = [];
    bytes = 0;
  };
  return {
    add(gradient) {
      open.push(gradient);
      bytes += gradient.size * 4;
      if (bytes >= bucketBytes) send();
    },
    finish() {
      send();
      return sent.flatMap((sums) => sums.finish());
    },
  };
}
