import { invalidArgument } from '@cassl/errors';
import type { LabeledDataset, Schedule, TrainingSpec } from '@cassl/proto';
import { checkReadable } from '@cassl/storage';

/**
 * Refuses what can never run; files and checkpoints are looked at by the worker.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound
 */
export function checkTrainingSpec(spec: TrainingSpec | undefined): TrainingSpec {
  if (spec === undefined) throw invalidArgument('StartTrainingRequest.spec is missing');
  if (spec.model === undefined || spec.model.preset === '') {
    throw invalidArgument(
      'TrainingSpec.model.preset is missing; name a preset of the detector, for example "tiny"',
    );
  }
  if (spec.data === undefined)
    throw invalidArgument('TrainingSpec.data is missing: give labeled or pseudo_labels');
  if (spec.data.$case === 'labeled') {
    checkDataset('TrainingSpec.labeled', spec.data.value);
  } else {
    const { labelUris, labelSet, images, threshold } = spec.data.value;
    if ((labelUris.length === 0) === (labelSet === '')) {
      throw invalidArgument(
        `TrainingSpec.pseudo_labels needs either label_set or label_uris, got ${labelSet === '' ? 'neither' : 'both'}: label_uris is ${labelUris.length === 0 ? 'empty' : `${labelUris.length} addresses`}`,
      );
    }
    checkReadable('TrainingSpec.pseudo_labels.images.uri', images?.uri ?? '');
    for (const uri of labelUris) checkReadable('TrainingSpec.pseudo_labels.label_uris', uri);
    if (!(threshold >= 0 && threshold < 1)) {
      throw invalidArgument(`TrainingSpec.pseudo_labels.threshold must be in [0, 1), got ${threshold}`);
    }
  }
  const backbone = spec.initialization?.backboneUri ?? '';
  if (backbone !== '') checkReadable('TrainingSpec.initialization.backbone_uri', backbone);
  checkSchedule('TrainingSpec.schedule', spec.schedule);
  return spec;
}

export function checkDataset(field: string, dataset: LabeledDataset | undefined): void {
  if (dataset === undefined) throw invalidArgument(`${field} is missing`);
  for (const [name, uri] of [
    ['annotations_uri', dataset.annotationsUri],
    ['images_uri', dataset.imagesUri],
  ] as const) {
    checkReadable(`${field}.${name}`, uri);
  }
  if (dataset.segmentsUri !== '') checkReadable(`${field}.segments_uri`, dataset.segmentsUri);
}

export function checkSchedule(field: string, schedule: Schedule | undefined): void {
  if (schedule === undefined) throw invalidArgument(`${field} is missing`);
  const atLeast = (name: string, value: number, low: number): void => {
    if (!(value >= low)) throw invalidArgument(`${field}.${name} must be at least ${low}, got ${value}`);
  };
  atLeast('iterations', schedule.iterations, 1);
  atLeast('batch_size', schedule.batchSize, 1);
  atLeast('weight_decay', schedule.weightDecay, 0);
  atLeast('clip_norm', schedule.clipNorm, 0);
  if (!(schedule.learningRate > 0)) {
    throw invalidArgument(`${field}.learning_rate must be above 0, got ${schedule.learningRate}`);
  }
}
