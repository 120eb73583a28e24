import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { augmentPolicies } from '@cassl/datasets';
import { detectorPreset } from '@cassl/detector';
import { failedPrecondition, invalidArgument, notFound } from '@cassl/errors';
import {
  AnnotationKind,
  ClassifierInitialization,
  Decay,
  LabelMapping,
  LabeledDataset,
  ModelPart,
  Optimizer,
  PipelineSpec,
  ThresholdRule,
  WarmupLabels,
  type ModelSpec,
  type StageSpec,
} from '@cassl/proto';
import type { PipelineFile } from './pipeline-schema.ts';

export interface ToSpecOptions {
  /** Folder of everything that the run writes. */
  readonly out: string;
  /** Made scenes are kept here and used again. */
  readonly home: string;
  /** COCO folder that replaces the file's data. */
  readonly data?: string | undefined;
  /** Stages are shared with other pipelines of the trainer. @default false */
  readonly shareStages?: boolean;
  readonly onScenes?: (done: number, total: number) => void;
}

/** The pipeline as the trainer takes it; makes the scenes where the file asks for them. */
export async function toPipelineSpec(file: PipelineFile, options: ToSpecOptions): Promise<PipelineSpec> {
  checkNames(file);
  const data = await resolveData(file, options);
  const labels =
    file.labels === 'supercategory'
      ? LabelMapping.LABEL_MAPPING_SUPERCATEGORY
      : LabelMapping.LABEL_MAPPING_CATEGORY;
  const finetuned = finetunedData(file, data);
  // Absent means those of finetuning, and then nothing changes under pipelines of before.
  const early = file.entities === file.panoptic ? {} : file.entities ? entitiesOf(data) : data;
  const withLabels = (dataset: LabeledDataset): LabeledDataset => ({ ...dataset, labels });
  return PipelineSpec.fromPartial({
    name: file.name,
    labeled: withLabels(finetuned.labeled),
    unlabeled: { uri: data.unlabeled, limit: file.data.unlabeledLimit },
    validation: withLabels(finetuned.validation),
    unlabeledTruth: (file.entities ? data.unlabeledTruthEntities : undefined) ?? data.unlabeledTruth,
    labeledAgnostic: early.labeled,
    validationAgnostic: early.validation,
    model: toModel(file.model),
    backboneUri: await backboneUri(file.backbone),
    labeler: toStage(file.labeler),
    warmup: toStage(file.warmup),
    finetune: toStage(file.finetune),
    threshold: typeof file.threshold === 'string' ? 0 : file.threshold,
    // The default is left out, and the rest too where it says nothing: pipelines of before keep their digest.
    ...(file.threshold === 'scores' && { thresholdRule: ThresholdRule.THRESHOLD_RULE_SCORES }),
    ...(file.rounds > 1 && { rounds: file.rounds }),
    ...(file.softTeacher && { softTeacher: file.softTeacher }),
    holdoutFraction: file.holdout,
    entities: file.entities,
    seeds: file.seeds,
    control: file.control,
    classifier:
      file.classifier === 'random'
        ? ClassifierInitialization.CLASSIFIER_INITIALIZATION_RANDOM
        : ClassifierInitialization.CLASSIFIER_INITIALIZATION_REPLICATE,
    parts: file.parts.map((part) => PARTS[part]),
    bf16: file.bf16,
    gpus: file.gpus,
    nodes: file.nodes,
    ranks: file.ranks,
    shardSize: file.shardSize,
    outputUri: fileUri(options.out),
    classSpecific: file.classSpecific,
    warmupLabels: WARMUP_LABELS[file.warmupLabels],
    arms: file.arms,
    shareStages: options.shareStages ?? false,
  });
}

/** @throws INVALID_ARGUMENT where there are no panoptic annotations to finetune on */
function finetunedData({ panoptic }: PipelineFile, data: ResolvedData): LabeledPair {
  if (!panoptic) return data;
  const { labeled, validation } = entitiesOf(data);
  if (labeled !== undefined && validation !== undefined) return { labeled, validation };
  throw invalidArgument(
    'panoptic: true needs data.scenes or data.coco; of data.labeled and data.validation give kind: panoptic instead',
  );
}

function entitiesOf({ labeledEntities, validationEntities }: ResolvedData): Partial<LabeledPair> {
  return {
    ...(labeledEntities && { labeled: labeledEntities }),
    ...(validationEntities && { validation: validationEntities }),
  };
}

const PARTS = {
  backbone: ModelPart.MODEL_PART_BACKBONE,
  neck: ModelPart.MODEL_PART_NECK,
  head: ModelPart.MODEL_PART_HEAD,
  classifier: ModelPart.MODEL_PART_CLASSIFIER,
} as const;

const WARMUP_LABELS = {
  pseudo: WarmupLabels.WARMUP_LABELS_UNSPECIFIED,
  truth: WarmupLabels.WARMUP_LABELS_TRUTH,
  labeled: WarmupLabels.WARMUP_LABELS_LABELED,
} as const;

interface LabeledPair {
  readonly labeled: LabeledDataset;
  readonly validation: LabeledDataset;
}

interface ResolvedData extends LabeledPair {
  /** Address of the pool. */
  readonly unlabeled: string;
  readonly unlabeledTruth?: LabeledDataset | undefined;
  readonly unlabeledTruthEntities?: LabeledDataset | undefined;
  readonly labeledEntities?: LabeledDataset | undefined;
  readonly validationEntities?: LabeledDataset | undefined;
}

async function resolveData({ data }: PipelineFile, options: ToSpecOptions): Promise<ResolvedData> {
  if (options.data !== undefined) return cocoFolder(options.data);
  if (data.coco !== undefined) return cocoFolder(data.coco);
  if (data.scenes !== undefined) {
    const { generateScenes } = await import('@cassl/datasets');
    const { labeled, unlabeled, val, size, seed } = data.scenes;
    const out = join(options.home, 'data', `scenes-${labeled}-${unlabeled}-${val}-${size}-${seed}`);
    await generateScenes({ ...data.scenes, out, onProgress: options.onScenes });
    return cocoFolder(out);
  }
  const { labeled, unlabeled, validation, unlabeledTruth } = data;
  if (labeled === undefined || unlabeled === undefined || validation === undefined) {
    throw invalidArgument(
      'the pipeline names no data: give data.scenes, data.coco, or data.labeled, data.unlabeled and data.validation; or pass --data COCO_FOLDER',
    );
  }
  return {
    labeled: toDataset(labeled),
    unlabeled: fileUri(unlabeled),
    validation: toDataset(validation),
    unlabeledTruth: unlabeledTruth === undefined ? undefined : toDataset(unlabeledTruth),
  };
}

async function cocoFolder(folder: string): Promise<ResolvedData> {
  const split = (name: string, kind: 'instances' | 'panoptic'): LabeledDataset =>
    toDataset({
      annotations: join(folder, `annotations/${kind}_${name}.json`),
      images: join(folder, name),
      kind,
      offset: 0,
      limit: 0,
      ...(kind === 'panoptic' ? { segments: join(folder, `annotations/panoptic_${name}`) } : {}),
    });
  for (const part of [
    'annotations/instances_train2017.json',
    'annotations/instances_val2017.json',
    'unlabeled2017',
  ]) {
    if (!(await exists(join(folder, part)))) {
      throw failedPrecondition(`${folder} is not a COCO folder: it has no ${part}`);
    }
  }
  const truth = async (kind: 'instances' | 'panoptic'): Promise<LabeledDataset | undefined> =>
    (await exists(join(folder, `annotations/${kind}_unlabeled2017.json`)))
      ? split('unlabeled2017', kind)
      : undefined;
  return {
    labeled: split('train2017', 'instances'),
    unlabeled: fileUri(join(folder, 'unlabeled2017')),
    validation: split('val2017', 'instances'),
    unlabeledTruth: await truth('instances'),
    unlabeledTruthEntities: await truth('panoptic'),
    labeledEntities: split('train2017', 'panoptic'),
    validationEntities: split('val2017', 'panoptic'),
  };
}

interface DatasetPaths {
  readonly annotations: string;
  readonly images: string;
  readonly segments?: string | undefined;
  readonly kind: 'instances' | 'panoptic';
  readonly offset: number;
  readonly limit: number;
}

function toDataset({ annotations, images, segments, kind, offset, limit }: DatasetPaths): LabeledDataset {
  return LabeledDataset.fromPartial({
    annotationsUri: fileUri(annotations),
    imagesUri: fileUri(images),
    segmentsUri: segments === undefined ? '' : fileUri(segments),
    kind:
      kind === 'panoptic'
        ? AnnotationKind.ANNOTATION_KIND_PANOPTIC
        : AnnotationKind.ANNOTATION_KIND_INSTANCES,
    offset,
    limit,
  });
}

function toModel({ preset, settings }: PipelineFile['model']): ModelSpec {
  return { preset, overrides: settings };
}

function toStage(stage: PipelineFile['labeler']): StageSpec {
  const { augmentation, model, decay, optimizer, inheritedRate, ...schedule } = stage;
  return {
    schedule: {
      ...schedule,
      // 1 is the contract's default, which it writes as 0.
      inheritedRate: inheritedRate === 1 ? 0 : inheritedRate,
      decay: decay === 'multistep' ? Decay.DECAY_MULTISTEP : Decay.DECAY_COSINE,
      optimizer: optimizer === 'sgd' ? Optimizer.OPTIMIZER_SGD : Optimizer.OPTIMIZER_ADAMW,
    },
    augmentation,
    model: model === undefined ? undefined : toModel(model),
  };
}

/** @throws NOT_FOUND: random weights in the place of named ones would cost the run its accuracy without a word */
async function backboneUri(path: string | undefined): Promise<string> {
  if (path === undefined) return '';
  if (!/^[a-z0-9]+:\/\//.test(path) && !(await exists(path))) {
    throw notFound(`backbone: ${path} does not exist; take the key out to start from random weights`);
  }
  return fileUri(path);
}

/** @throws INVALID_ARGUMENT for an unknown preset or policy, before the first of a thousand scenes is made */
function checkNames(file: PipelineFile): void {
  const stages = { labeler: file.labeler, warmup: file.warmup, finetune: file.finetune };
  const models = [file.model, ...Object.values(stages).flatMap(({ model }) => model ?? [])];
  for (const { preset, overrides } of models.map(toModel)) detectorPreset(preset, overrides ?? {});
  for (const [name, { augmentation }] of Object.entries(stages)) {
    if (augmentPolicies.some((known) => known === augmentation)) continue;
    throw invalidArgument(
      `${name}.augmentation must be one of ${augmentPolicies.join(', ')}, got ${JSON.stringify(augmentation)}`,
    );
  }
}

function fileUri(path: string): string {
  return /^[a-z0-9]+:\/\//.test(path) ? path : pathToFileURL(resolve(path)).href;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
