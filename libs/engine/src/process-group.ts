import * as tf from '@tensorflow/tfjs-core';
import type { ProcessGroup, ProcessGroupOptions } from '@cassl/engine-torch';
import { failedPrecondition } from '@cassl/errors';

export type { ProcessGroup, ProcessGroupOptions, TravellingSums } from '@cassl/engine-torch';

/**
 * Joins the processes that train one model together; the torch engine alone has collectives (c10d: NCCL between GPUs, Gloo
 * between CPUs). Throws FAILED_PRECONDITION on another engine, else as `openProcessGroup` of `@cassl/engine-torch`.
 */
export async function openProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroup> {
  if (tf.getBackend() !== 'torch') {
    throw failedPrecondition(
      `training with ${options.size} ranks needs the torch engine, and this is ${tf.getBackend()}: run \`make setup\``,
    );
  }
  const torch = await import('@cassl/engine-torch');
  return torch.openProcessGroup(options);
}
