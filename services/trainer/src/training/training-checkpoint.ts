import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingState } from '@cassl/detector';
import { dataLoss } from '@cassl/errors';
import type { TrainingPoint } from '@cassl/proto';
import { readSafetensors, writeSafetensors, type HostTensor, type StateDict } from '@cassl/checkpoints';

/** Everything that a training needs to go on: batch i is a function of (seed, i), so the step is the random position too. */
export interface TrainingCheckpoint {
  /** Steps done. */
  readonly iteration: number;
  readonly model: StateDict;
  readonly optimizer: StateDict;
  /** Of joint training: the running average that labels, and is published. */
  readonly teacher?: StateDict | undefined;
  /** Drop path's position and the moving normaliser. */
  readonly state: TrainingState;
  /** What was measured up to here: a record that was written less often than this file must not lose it. */
  readonly curve: readonly TrainingPoint[];
}

/** In the job's folder. */
export const CHECKPOINT_FILE = 'resume.safetensors';

/** Writes one file, to a temporary name first, so that a kill at any time leaves the old one or the new one. */
export async function saveTrainingCheckpoint(folder: string, checkpoint: TrainingCheckpoint): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of checkpoint.model) tensors.set(`model.${name}`, tensor);
  for (const [name, tensor] of checkpoint.optimizer) tensors.set(`optimizer.${name}`, tensor);
  for (const [name, tensor] of checkpoint.teacher ?? []) tensors.set(`teacher.${name}`, tensor);
  await writeSafetensors(join(folder, CHECKPOINT_FILE), tensors, {
    iteration: String(checkpoint.iteration),
    state: JSON.stringify(checkpoint.state),
    curve: JSON.stringify(checkpoint.curve),
  });
}

/** A file that is there but cannot be looked at must not begin the training anew. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** The last checkpoint, or nothing on a fresh start. @throws DATA_LOSS where the file is not what was written */
export async function loadTrainingCheckpoint(folder: string): Promise<TrainingCheckpoint | undefined> {
  const path = join(folder, CHECKPOINT_FILE);
  if (!(await isThere(path))) return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  const iteration = Number(metadata.iteration);
  if (!Number.isInteger(iteration) || metadata.state === undefined) {
    throw dataLoss(`${path} does not say its iteration and state; remove it to start afresh`);
  }
  const state = JSON.parse(metadata.state) as TrainingState;
  const part = (prefix: string): StateDict =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const teacher = part('teacher.');
  return {
    iteration,
    model: part('model.'),
    optimizer: part('optimizer.'),
    ...(teacher.size > 0 && { teacher }),
    state,
    curve: JSON.parse(metadata.curve ?? '[]') as TrainingPoint[],
  };
}
