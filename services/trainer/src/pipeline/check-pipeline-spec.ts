import { invalidArgument } from '@cassl/errors';
import type { PipelineSpec, StageSpec } from '@cassl/proto';
import { checkReadable, checkWritable } from '@cassl/storage';
import { checkDataset, checkSchedule } from '../training/check-training-spec.ts';

/**
 * Refuses what can never run, and tries to write to `output_uri`.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; as `checkWritable` says
 */
export async function checkPipelineSpec(id: string, spec: PipelineSpec | undefined): Promise<PipelineSpec> {
  if (spec === undefined) throw invalidArgument('PipelineServiceStartRequest.spec is missing');
  // Stage names are appended to make job ids, which end at 128.
  if (id.length > 90)
    throw invalidArgument(`PipelineServiceStartRequest.id must have at most 90 characters, got ${id.length}`);
  if (!/^[a-z0-9-]{1,64}$/.test(spec.name)) {
    throw invalidArgument(`PipelineSpec.name must be 1 to 64 of [a-z0-9-], got ${JSON.stringify(spec.name)}`);
  }
  checkDataset('PipelineSpec.labeled', spec.labeled);
  checkDataset('PipelineSpec.validation', spec.validation);
  if (spec.unlabeledTruth !== undefined) checkDataset('PipelineSpec.unlabeled_truth', spec.unlabeledTruth);
  for (const [name, dataset] of [
    ['labeled_agnostic', spec.labeledAgnostic],
    ['validation_agnostic', spec.validationAgnostic],
  ] as const) {
    if (dataset !== undefined) checkDataset(`PipelineSpec.${name}`, dataset);
  }
  checkReadable('PipelineSpec.unlabeled.uri', spec.unlabeled?.uri ?? '');
  if (spec.backboneUri !== '') checkReadable('PipelineSpec.backbone_uri', spec.backboneUri);
  checkStage('PipelineSpec.labeler', spec.labeler);
  checkStage('PipelineSpec.warmup', spec.warmup);
  checkStage('PipelineSpec.finetune', spec.finetune);
  if (spec.model === undefined) throw invalidArgument('PipelineSpec.model is missing');
  checkRange('PipelineSpec.threshold', spec.threshold, 0, 1, 'exclusive');
  checkRange('PipelineSpec.holdout_fraction', spec.holdoutFraction, 0, 0.5, 'inclusive');
  if (new Set(spec.seeds).size !== spec.seeds.length) {
    throw invalidArgument(`PipelineSpec.seeds must differ from each other, got ${spec.seeds.join(', ')}`);
  }
  await checkWritable('PipelineSpec.output_uri', spec.outputUri);
  return spec;
}

function checkStage(field: string, stage: StageSpec | undefined): void {
  if (stage === undefined) throw invalidArgument(`${field} is missing`);
  checkSchedule(`${field}.schedule`, stage.schedule);
}

function checkRange(
  field: string,
  value: number,
  low: number,
  high: number,
  end: 'inclusive' | 'exclusive',
): void {
  const fits = value >= low && (end === 'inclusive' ? value <= high : value < high);
  if (!fits)
    throw invalidArgument(
      `${field} must be in [${low}, ${high}${end === 'inclusive' ? ']' : ')'}, got ${value}`,
    );
}
