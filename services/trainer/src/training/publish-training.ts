import { join } from 'node:path';
import { writeSafetensors } from '@cassl/checkpoints';
import type { Detector } from '@cassl/detector';
import { internal } from '@cassl/errors';
import { TrainingSpec, type Manifest } from '@cassl/proto';
import { publishCheckpointFile } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';
import { codeVersion } from './code-version.ts';
import type { TrainingData } from './open-training-data.ts';

/** What is sent, in the job's folder. */
export const MODEL_FILE = 'model.safetensors';

export interface PublishTrainingOptions {
  readonly folder: string;
  readonly trainingId: string;
  readonly spec: TrainingSpec;
  readonly detector: Detector;
  readonly data: TrainingData;
  readonly parents: readonly string[];
  readonly registry: RegistryClient;
  readonly signal: AbortSignal;
}

/** Writes the weights, sends them to the registry with their whole story, and moves the alias. Answers the digest. */
export async function publishTraining(options: PublishTrainingOptions): Promise<string> {
  const { folder, trainingId, spec, detector, data, registry, signal } = options;
  const path = join(folder, MODEL_FILE);
  await writeSafetensors(path, await detector.stateDict(), { format: 'pt' });
  const manifest: Manifest = {
    stage: spec.stage,
    model: { ...detector.config },
    categories: [...data.categories],
    parents: [...new Set([...options.parents, ...data.parents])],
    data: [...data.sources],
    seed: spec.seed,
    iterations: spec.schedule?.iterations ?? 0,
    training: TrainingSpec.toJSON(spec) as Record<string, unknown>,
    codeVersion: codeVersion(),
    trainingId,
    tags: spec.tags,
    license: '',
    cost: undefined,
  };
  const { checkpoint } = await publishCheckpointFile({ client: registry, file: path, manifest, signal });
  if (checkpoint === undefined) throw internal('the registry answered without the checkpoint');
  const { digest } = checkpoint;
  if (spec.alias !== '') {
    await registry.setAlias({
      alias: spec.alias,
      reference: digest,
      expectedDigest: '',
      reason: `training ${trainingId}`,
    });
  }
  return digest;
}
