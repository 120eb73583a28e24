import { invalidArgument } from '@cassl/errors';
import type { PipelineSpec, StageSpec } from '@cassl/proto';
import { checkDataset, checkSchedule } from '../training/check-training-spec.ts';

/**
 * Refuses what can never run.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound
 */
export function checkPipelineSpec(id: string, spec: PipelineSpec | undefined): PipelineSpec {
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
  if (!/^(file|s3):\/\//.test(spec.unlabeled?.uri ?? '')) {
    throw invalidArgument(
      `PipelineSpec.unlabeled.uri must be a file:// or s3:// address, got ${JSON.stringify(spec.unlabeled?.uri ?? '')}`,
    );
  }
  if (!/^file:\/\//.test(spec.outputUri)) {
    throw invalidArgument(
      `PipelineSpec.output_uri must be a file:// address, got ${JSON.stringify(spec.outputUri)}`,
    );
  }
  checkStage('PipelineSpec.labeler', spec.labeler);
  checkStage('PipelineSpec.warmup', spec.warmup);
  checkStage('PipelineSpec.finetune', spec.finetune);
  if (spec.model === undefined) throw invalidArgument('PipelineSpec.model is missing');
  checkRange('PipelineSpec.threshold', spec.threshold, 0, 1, 'exclusive');
  checkRange('PipelineSpec.holdout_fraction', spec.holdoutFraction, 0, 0.5, 'inclusive');
  if (new Set(spec.seeds).size !== spec.seeds.length) {
    throw invalidArgument(`PipelineSpec.seeds must differ from each other, got ${spec.seeds.join(', ')}`);
  }
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
