import { augmentPolicies } from '@cassl/datasets';
import { detectorPreset, type DetectorConfig } from '@cassl/detector';
import { CasslError, errorMessage, invalidArgument, isCasslError } from '@cassl/errors';
import { Decay, type ModelSpec, type Schedule, type TrainingSpec } from '@cassl/proto';
import { checkAlias, checkTags } from '@cassl/rpc';
import { checkReadable } from '@cassl/storage';
import { checkExists, checkLabeledDataset } from '@cassl/workers';
import { checkJointTraining } from './check-soft-teacher.ts';

/** Where memory, not arithmetic, would end the training: sixteen times the paper's batch. */
const MAX_BATCH = 256;
const MAX_ITERATIONS = 10_000_000;

/**
 * Refuses what can never run, before anything is started.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; NOT_FOUND for an address that holds nothing
 */
export async function checkTrainingSpec(spec: TrainingSpec | undefined): Promise<TrainingSpec> {
  if (spec === undefined) throw invalidArgument('StartTrainingRequest.spec is missing');
  checkModel('TrainingSpec.model', spec.model);
  checkAugmentation('TrainingSpec.augmentation', spec.augmentation);
  checkSchedule('TrainingSpec.schedule', spec.schedule);
  if (spec.alias !== '') checkAlias('TrainingSpec.alias', spec.alias);
  checkTags('TrainingSpec.tags', spec.tags);
  const backbone = spec.initialization?.backboneUri ?? '';
  if (backbone !== '') await checkExists('TrainingSpec.initialization.backbone_uri', backbone);
  checkRanks('TrainingSpec', spec, [spec.schedule]);
  await checkData(spec.data);
  await checkJointTraining(spec);
  return spec;
}

async function checkData(data: TrainingSpec['data']): Promise<void> {
  if (data === undefined)
    throw invalidArgument('TrainingSpec.data is missing: give labeled or pseudo_labels');
  if (data.$case === 'labeled') return checkLabeledDataset('TrainingSpec.labeled', data.value);
  const { labelUris, labelSet, images, threshold } = data.value;
  if ((labelUris.length === 0) === (labelSet === '')) {
    throw invalidArgument(
      `TrainingSpec.pseudo_labels needs either label_set or label_uris, got ${labelSet === '' ? 'neither' : 'both'}: label_uris is ${labelUris.length === 0 ? 'empty' : `${labelUris.length} addresses`}`,
    );
  }
  checkReadable('TrainingSpec.pseudo_labels.images.uri', images?.uri ?? '');
  if (labelSet !== '') checkReadable('TrainingSpec.pseudo_labels.label_set', labelSet);
  for (const uri of labelUris) checkReadable('TrainingSpec.pseudo_labels.label_uris', uri);
  if (!(threshold >= 0 && threshold < 1)) {
    throw invalidArgument(`TrainingSpec.pseudo_labels.threshold must be in [0, 1), got ${threshold}`);
  }
}

/** The detector that a specification names. @throws INVALID_ARGUMENT that begins with `field` */
export function checkModel(field: string, model: ModelSpec | undefined): DetectorConfig {
  if (model === undefined || model.preset === '') {
    throw invalidArgument(`${field}.preset is missing; name a preset of the detector, for example "tiny"`);
  }
  try {
    return detectorPreset(model.preset, model.overrides ?? {});
  } catch (error) {
    if (!isCasslError(error)) throw error;
    throw new CasslError(error.code, `${field}: ${errorMessage(error)}`, { cause: error });
  }
}

/** @throws INVALID_ARGUMENT unless it is empty or the name of a policy */
export function checkAugmentation(field: string, name: string): void {
  if (name === '' || augmentPolicies.some((known) => known === name)) return;
  throw invalidArgument(`${field} must be one of ${augmentPolicies.join(', ')}, got ${JSON.stringify(name)}`);
}

/** @throws INVALID_ARGUMENT for numbers out of bounds, and for more ranks than one of the schedules has images in a batch */
export function checkRanks(
  field: string,
  { gpus, nodes, ranks }: Pick<TrainingSpec, 'gpus' | 'nodes' | 'ranks'>,
  schedules: readonly (Schedule | undefined)[],
): void {
  for (const [name, value, most] of [
    ['gpus', gpus, 64],
    ['nodes', nodes, 1024],
    ['ranks', ranks, 256],
  ] as const) {
    if (value > most) throw invalidArgument(`${field}.${name} must be in [0, ${most}], got ${value}`);
  }
  if (gpus > 0 && ranks > 0) {
    throw invalidArgument(
      `${field} takes gpus or ranks, since a rank has a GPU or CPU cores, got gpus ${gpus} and ranks ${ranks}`,
    );
  }
  const size = Math.max(1, nodes) * Math.max(1, gpus, ranks);
  const small = schedules.find((schedule) => schedule !== undefined && schedule.batchSize < size);
  if (small === undefined) return;
  throw invalidArgument(
    `${field} asks for ${size} ranks, which share a batch of ${small.batchSize}: schedule.batch_size must be at least ${size}`,
  );
}

export function checkSchedule(field: string, schedule: Schedule | undefined): Schedule {
  if (schedule === undefined) throw invalidArgument(`${field} is missing`);
  const { iterations, batchSize, learningRate, weightDecay, clipNorm, inheritedRate, milestones } = schedule;
  const within = (name: string, value: number, low: number, high: number): void => {
    if (value >= low && value <= high) return;
    throw invalidArgument(`${field}.${name} must be in [${low}, ${high}], got ${value}`);
  };
  within('iterations', iterations, 1, MAX_ITERATIONS);
  within('batch_size', batchSize, 1, MAX_BATCH);
  within('weight_decay', weightDecay, 0, 10);
  within('clip_norm', clipNorm, 0, Number.MAX_VALUE);
  within('inherited_rate', inheritedRate, 0, 1);
  if (!(learningRate > 0 && learningRate <= 100)) {
    throw invalidArgument(`${field}.learning_rate must be in (0, 100], got ${learningRate}`);
  }
  if (
    schedule.decay === Decay.DECAY_MULTISTEP &&
    milestones.some((step, index) => step <= (milestones[index - 1] ?? 0))
  ) {
    throw invalidArgument(`${field}.milestones must rise from 1, got ${milestones.join(', ')}`);
  }
  return schedule;
}
