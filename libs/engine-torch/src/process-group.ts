import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument, unimplemented } from '@cassl/errors';
import { gatherJson } from './gather-json.ts';
import { registerTorchBackend } from './register-torch-backend.ts';
import type { TorchBackend } from './torch-backend.ts';

export interface ProcessGroupOptions {
  /** 0 to size - 1; rank 0 serves the meeting point. */
  readonly rank: number;
  readonly size: number;
  /** `host:port` of rank 0. */
  readonly address: string;
  /** For each collective. Default 60,000. */
  readonly timeoutMs?: number;
  /** Until all have come. Default `timeoutMs`. */
  readonly meetingMs?: number;
}

/** Sums on their way. */
export interface TravellingSums {
  /** New tensors, once they are here; call it once. On a GPU with NCCL nobody waits. */
  finish(): tf.Tensor[];
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
  /**
   * Starts the sums over all processes and comes back at once: they travel while this process computes. Pass the tensors'
   * final values and keep them until `finish`.
   */
  readonly startSum: (tensors: readonly tf.Tensor[]) => TravellingSums;
  /**
   * What each process gave, by rank: plain data, as JSON. Goes through host memory over Gloo, whatever computes, so that it
   * never waits for a GPU.
   */
  readonly gather: <T>(value: T) => T[];
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
  const { rank, size, address, timeoutMs = 60_000, meetingMs = timeoutMs } = options;
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
    .number(meetingMs)
    .run(torch.operation('openGroup'));
  const collective = (name: string, argument: number, tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    const call = torch.call().number(argument).tensors(tensors).run(torch.operation(name));
    return tensors.map(() => tf.engine().makeTensorFromTensorInfo(call.output()));
  };
  const allReduce: ProcessGroup['allReduce'] = (tensors, reduction) =>
    collective('allReduce', reduction === 'mean' ? 1 : 0, tensors);
  let started = 0;
  return {
    rank,
    size,
    allReduce,
    startSum(tensors) {
      const number = ++started;
      torch.call().number(number).tensors(tensors).run(torch.operation('startSum'));
      return {
        finish() {
          const call = torch.call().number(number).run(torch.operation('finishSum'));
          return tensors.map(() => tf.engine().makeTensorFromTensorInfo(call.output()));
        },
      };
    },
    gather: (value) => onHost(() => gatherJson({ rank, size, allReduce }, value)),
    broadcast: (tensors, root = 0) => collective('broadcast', root, tensors),
    barrier: () => void torch.call().run(torch.operation('barrier')),
    close: () => void torch.call().run(torch.operation('closeGroup')),
  };
}

function onHost<T>(body: () => T): T {
  const torch = registerTorchBackend();
  const before = torch.setDevice('cpu');
  try {
    return body();
  } finally {
    torch.setDevice(before);
  }
}
