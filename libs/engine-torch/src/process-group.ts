import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument, unimplemented } from '@cassl/errors';
import type { TorchBackend } from './torch-backend.ts';

export interface ProcessGroupOptions {
  /** 0 to size - 1; rank 0 serves the meeting point. */
  readonly rank: number;
  readonly size: number;
  /** `host:port` of rank 0. */
  readonly address: string;
  /** For meeting and for each collective. Default 60,000. */
  readonly timeoutMs?: number;
}

/** Processes that train one model together. Every process must make the same calls in the same order. */
export interface ProcessGroup {
  readonly rank: number;
  readonly size: number;
  /**
   * New tensors: the sum or mean over all processes; a mean is of float32. Neighbours share messages of up to 25 MiB. On a GPU
   * with NCCL it is queued like any operation.
   */
  readonly allReduce: (tensors: readonly tf.Tensor[], reduction: 'sum' | 'mean') => tf.Tensor[];
  /** New tensors: what `root` passed. The others pass tensors of the same shapes. */
  readonly broadcast: (tensors: readonly tf.Tensor[], root?: number) => tf.Tensor[];
  /** Waits until all processes are here, each done with what it queued on its device. */
  readonly barrier: () => void;
  readonly close: () => void;
}

/**
 * Joins the group (c10d); waits until all have come. Tensors on a GPU go over NCCL, those on the host over Gloo; where the
 * build has no NCCL all go over Gloo, through the host. Call with 'torch' as tfjs's backend, and with a GPU of its own set in
 * each process. Throws UNIMPLEMENTED where the build has no c10d (see README), DEADLINE_EXCEEDED or UNAVAILABLE where a
 * peer does not answer in time; under NCCL a peer that is gone ends the process after `timeoutMs`.
 */
export function openProcessGroup(options: ProcessGroupOptions): ProcessGroup {
  const { rank, size, address, timeoutMs = 60_000 } = options;
  const torch = tf.backend() as TorchBackend;
  if (torch.addon?.operations['openGroup'] === undefined) {
    throw unimplemented(
      'collectives need a libtorch with c10d: `node libs/engine-torch/src/build.ts` says what the build found',
    );
  }
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (!host) throw invalidArgument(`ProcessGroupOptions.address must be host:port, got '${address}'`);
  torch
    .call()
    .number(rank)
    .number(size)
    .text(host)
    .number(Number(port))
    .number(timeoutMs)
    .run(torch.operation('openGroup'));
  const collective = (name: string, argument: number, tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    const call = torch.call().number(argument).tensors(tensors).run(torch.operation(name));
    return tensors.map(() => tf.engine().makeTensorFromTensorInfo(call.output()));
  };
  return {
    rank,
    size,
    allReduce: (tensors, reduction) => collective('allReduce', reduction === 'mean' ? 1 : 0, tensors),
    broadcast: (tensors, root = 0) => collective('broadcast', root, tensors),
    barrier: () => void torch.call().run(torch.operation('barrier')),
    close: () => void torch.call().run(torch.operation('closeGroup')),
  };
}
