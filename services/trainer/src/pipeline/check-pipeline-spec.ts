import { invalidArgument } from '@cassl/errors';
import { WarmupLabels, type PipelineSpec, type StageSpec } from '@cassl/proto';
import { checkWritable } from '@cassl/storage';
import { checkExists, checkLabeledDataset } from '@cassl/workers';
import { ARM_NAMES } from './arms.ts';
import { usesTruth } from './plan-pipeline.ts';
import { checkAugmentation, checkModel, checkRanks, checkSchedule } from '../training/check-training-spec.ts';
import { checkOneProcess, checkSoftTeacher } from '../training/check-soft-teacher.ts';

/** Stage names are appended to make job ids, which end at 128. */
const MAX_ID = 90;
const MAX_SEEDS = 100;
const MAX_ROUNDS = 10;
const MAX_SHARD_SIZE = 100_000;

/** @throws INVALID_ARGUMENT unless stages' job ids can be made of it */
export function checkPipelineId(id: string): void {
  if (id.length <= MAX_ID) return;
  throw invalidArgument(
    `PipelineServiceStartRequest.id must have at most ${MAX_ID} characters, got ${id.length}`,
  );
}

/**
 * Refuses what can never run: every field, every address of this machine that names nothing, an output that can't be written.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; NOT_FOUND for an address that holds nothing; as
 *   `checkWritable` says
 */
export async function checkPipelineSpec(spec: PipelineSpec | undefined): Promise<PipelineSpec> {
  for (const check of pipelineChecks(spec)) await check();
  return spec as PipelineSpec;
}

/** The checks one by one, so that all findings can be told and not the first alone. */
export function pipelineChecks(spec: PipelineSpec | undefined): readonly (() => void | Promise<void>)[] {
  if (spec === undefined) {
    return [() => Promise.reject(invalidArgument('PipelineServiceStartRequest.spec is missing'))];
  }
  const { labeledAgnostic, validationAgnostic, unlabeledTruth } = spec;
  const stages = { labeler: spec.labeler, warmup: spec.warmup, finetune: spec.finetune };
  return [
    () => checkName(spec.name),
    () => void checkModel('PipelineSpec.model', spec.model),
    ...Object.entries(stages).map(
      ([name, stage]) =>
        () =>
          checkStage(`PipelineSpec.${name}`, stage),
    ),
    () => checkRange('PipelineSpec.threshold', spec.threshold, 0, 1, 'exclusive'),
    () => checkRange('PipelineSpec.holdout_fraction', spec.holdoutFraction, 0, 0.5, 'inclusive'),
    () => checkRange('PipelineSpec.shard_size', spec.shardSize, 0, MAX_SHARD_SIZE, 'inclusive'),
    () => checkRange('PipelineSpec.rounds', spec.rounds, 0, MAX_ROUNDS, 'inclusive'),
    () => checkSeeds(spec.seeds),
    () =>
      checkRanks(
        'PipelineSpec',
        spec,
        Object.values(stages).map((stage) => stage?.schedule),
      ),
    () => checkArms(spec),
    () => checkComparators(spec),
    () => checkJoint(spec),
    () => checkLabeledDataset('PipelineSpec.labeled', spec.labeled),
    () => checkLabeledDataset('PipelineSpec.validation', spec.validation),
    ...Object.entries({
      labeled_agnostic: labeledAgnostic,
      validation_agnostic: validationAgnostic,
      unlabeled_truth: unlabeledTruth,
    }).flatMap(([name, dataset]) =>
      dataset === undefined ? [] : [() => checkLabeledDataset(`PipelineSpec.${name}`, dataset)],
    ),
    () => checkExists('PipelineSpec.unlabeled.uri', spec.unlabeled?.uri ?? ''),
    () => checkWritable('PipelineSpec.output_uri', spec.outputUri),
    ...(spec.backboneUri === '' ? [] : [() => checkExists('PipelineSpec.backbone_uri', spec.backboneUri)]),
  ];
}

function checkName(name: string): void {
  if (/^[a-z0-9-]{1,64}$/.test(name)) return;
  throw invalidArgument(
    `PipelineSpec.name must be 1 to 64 of [a-z0-9-], got ${JSON.stringify(name.slice(0, 80))}`,
  );
}

function checkStage(field: string, stage: StageSpec | undefined): void {
  if (stage === undefined) throw invalidArgument(`${field} is missing`);
  checkSchedule(`${field}.schedule`, stage.schedule);
  checkAugmentation(`${field}.augmentation`, stage.augmentation);
  if (stage.model !== undefined) checkModel(`${field}.model`, stage.model);
}

function checkSeeds(seeds: readonly number[]): void {
  if (seeds.length > MAX_SEEDS) {
    throw invalidArgument(`PipelineSpec.seeds must be at most ${MAX_SEEDS}, got ${seeds.length}`);
  }
  if (new Set(seeds).size === seeds.length) return;
  throw invalidArgument(`PipelineSpec.seeds must differ from each other, got ${seeds.join(', ')}`);
}

function checkArms({ arms }: PipelineSpec): void {
  const unknown = arms.find((arm) => !ARM_NAMES.some((name) => name === arm));
  if (unknown !== undefined) {
    throw invalidArgument(
      `PipelineSpec.arms must be of ${ARM_NAMES.join(', ')}, got ${JSON.stringify(unknown)}`,
    );
  }
  if (arms.includes('none') && arms.length > 1)
    throw invalidArgument(`PipelineSpec.arms: "none" stands alone, got ${arms.join(', ')}`);
}

function checkJoint({ arms, softTeacher, finetune, ...ranks }: PipelineSpec): void {
  const images = finetune?.schedule?.batchSize ?? 0;
  if (softTeacher !== undefined) checkSoftTeacher('PipelineSpec.soft_teacher', softTeacher);
  if (!arms.includes('joint')) return;
  if (images < 2 || (softTeacher?.batchSize ?? 0) >= images) {
    throw invalidArgument(
      `PipelineSpec.arms has "joint", whose steps have labeled and unlabeled images: soft_teacher.batch_size must be below finetune.schedule.batch_size ${images}, which must be at least 2, got ${softTeacher?.batchSize ?? 0}`,
    );
  }
  checkOneProcess('PipelineSpec', ranks);
}

function checkComparators({
  classSpecific,
  entities,
  warmupLabels,
  unlabeledTruth,
  rounds,
}: PipelineSpec): void {
  if (classSpecific && entities)
    throw invalidArgument('PipelineSpec.class_specific and entities exclude each other');
  if (rounds > 1 && usesTruth({ warmupLabels }))
    throw invalidArgument(`PipelineSpec.rounds is ${rounds}, but a warmup on true labels has one`);
  if (warmupLabels === WarmupLabels.WARMUP_LABELS_TRUTH && unlabeledTruth === undefined)
    throw invalidArgument('PipelineSpec.warmup_labels is TRUTH, which needs unlabeled_truth');
}

function checkRange(
  field: string,
  value: number,
  low: number,
  high: number,
  end: 'inclusive' | 'exclusive',
): void {
  if (value >= low && (end === 'inclusive' ? value <= high : value < high)) return;
  const bound = `[${low}, ${high}${end === 'inclusive' ? ']' : ')'}`;
  throw invalidArgument(`${field} must be in ${bound}, got ${value}`);
}
