import type { Dataset } from '@cassl/datasets';
import { failedPrecondition } from '@cassl/errors';
import {
  createCocoEvaluator,
  createPseudoLabelScorer,
  type BoxNumbers,
  type CocoEvaluator,
  type LabelQuality,
} from '@cassl/metrics';
import { MetricKind, type ThresholdQuality } from '@cassl/proto';
import type { Findings } from './find-detections.ts';
import type { Measured } from './evaluation-messages.ts';
import type { Measure } from './measure.ts';
import { createPanopticMeasure } from './panoptic-measure.ts';
import { suppressAcrossCategories } from './suppress-across-categories.ts';

export interface Measures {
  readonly all: readonly Measure[];
  result(): Pick<Measured, 'metrics' | 'sweep' | 'bestThreshold'>;
}

type CocoKind = 'bbox' | 'segm' | 'bbox-agnostic' | 'segm-agnostic';

const COCO_KINDS: Readonly<Partial<Record<MetricKind, CocoKind>>> = {
  [MetricKind.METRIC_KIND_BBOX]: 'bbox',
  [MetricKind.METRIC_KIND_SEGM]: 'segm',
  [MetricKind.METRIC_KIND_BBOX_AGNOSTIC]: 'bbox-agnostic',
  [MetricKind.METRIC_KIND_SEGM_AGNOSTIC]: 'segm-agnostic',
};

/** What was asked for; by default everything that the findings have. Mask metrics of box-only findings are left out. */
export function chooseMetrics(
  asked: readonly MetricKind[],
  findings: Findings,
  dataset: Dataset,
): MetricKind[] {
  const isSpecific = categoryMap(dataset, findings).some((index) => index !== undefined);
  const usual = [
    ...(isSpecific ? [MetricKind.METRIC_KIND_BBOX, MetricKind.METRIC_KIND_SEGM] : []),
    MetricKind.METRIC_KIND_BBOX_AGNOSTIC,
    MetricKind.METRIC_KIND_SEGM_AGNOSTIC,
  ];
  return (asked.length === 0 ? usual : [...asked]).filter((kind) => findings.hasMasks || !needsMasks(kind));
}

function needsMasks(kind: MetricKind): boolean {
  return kind === MetricKind.METRIC_KIND_PANOPTIC || (COCO_KINDS[kind] ?? '').startsWith('segm');
}

/** @throws FAILED_PRECONDITION where metrics by category are asked of findings that lack the data set's categories */
export function createMeasures(
  kinds: readonly MetricKind[],
  dataset: Dataset,
  findings: Findings,
  thresholds: readonly number[],
): Measures {
  const coco = kinds.flatMap((kind) => {
    const name = COCO_KINDS[kind];
    return name === undefined ? [] : [{ name, evaluator: openEvaluator(name, dataset) }];
  });
  const toDataset = categoryMap(dataset, findings);
  const isPanoptic = kinds.includes(MetricKind.METRIC_KIND_PANOPTIC);
  if (isPanoptic || coco.some(({ name }) => !name.endsWith('-agnostic')))
    checkCategories(toDataset, dataset, findings);
  const panoptic = isPanoptic ? createPanopticMeasure(dataset, toDataset, thresholds) : undefined;
  const scorer = kinds.includes(MetricKind.METRIC_KIND_PSEUDO_LABELS)
    ? createPseudoLabelScorer(thresholds.length === 0 ? {} : { thresholds })
    : undefined;

  const cocoMeasures = coco.map(({ name, evaluator }): Measure => {
    const isAgnostic = name.endsWith('-agnostic');
    return {
      add: ({ id, instances }, detections) =>
        evaluator.addImage({
          imageId: id,
          groundTruths: isAgnostic ? instances.map((instance) => ({ ...instance, category: 0 })) : instances,
          detections: (isAgnostic && findings.categories.length > 1
            ? suppressAcrossCategories(detections)
            : detections
          ).flatMap((detection) => {
            const category = isAgnostic ? 0 : toDataset[detection.category];
            return category === undefined ? [] : [{ ...detection, category }];
          }),
        }),
    };
  });
  const quality: Measure = {
    add: ({ id, instances }, detections) =>
      scorer?.addImage({ imageId: id, groundTruths: instances, detections }),
  };
  return {
    all: [
      ...cocoMeasures,
      ...(panoptic === undefined ? [] : [panoptic]),
      ...(scorer === undefined ? [] : [quality]),
    ],
    result: () => {
      const metrics = {
        ...Object.fromEntries(coco.flatMap(({ name, evaluator }) => numbersOf(name, evaluator))),
        ...panoptic?.numbers(),
      };
      const labels = scorer?.summarize();
      if (labels === undefined) return { metrics, sweep: [], bestThreshold: 0 };
      return { metrics, sweep: labels.sweep.map(toQuality), bestThreshold: labels.best.threshold };
    },
  };
}

/** The contract has no nulls: without labels or objects the number is 0. */
function toQuality({ threshold, precision, recall, f1, meanIou }: LabelQuality): ThresholdQuality {
  return { threshold, precision: precision ?? 0, recall: recall ?? 0, f1, meanIou: meanIou ?? 0 };
}

function openEvaluator(name: CocoKind, dataset: Dataset): CocoEvaluator<BoxNumbers> {
  return createCocoEvaluator({
    type: name.startsWith('bbox') ? 'bbox' : 'segm',
    categories: dataset.categories.map(({ index, name: category }) => ({ id: index + 1, name: category })),
    classAgnostic: name.endsWith('-agnostic'),
  });
}

function numbersOf(name: CocoKind, evaluator: CocoEvaluator<BoxNumbers>): [string, number][] {
  const numbers = Object.entries(evaluator.summarize().numbers) as [string, number | null][];
  return numbers.flatMap(([key, value]) =>
    value === null ? [] : [[`${name}/${key}`, value] as [string, number]],
  );
}

/** From the model's channels to the data set's categories, by name. */
function categoryMap(dataset: Dataset, findings: Findings): (number | undefined)[] {
  return findings.categories.map(
    ({ name }) => dataset.categories.find((category) => category.name === name)?.index,
  );
}

function checkCategories(map: readonly (number | undefined)[], dataset: Dataset, findings: Findings): void {
  if (map.some((index) => index !== undefined)) return;
  const [ours, theirs] = [findings.categories, dataset.categories].map((list) =>
    list
      .slice(0, 3)
      .map(({ name }) => name)
      .join(', '),
  );
  throw failedPrecondition(
    `the checkpoint's categories (${ours}…) are none of the data set's (${theirs}…); measure BBOX_AGNOSTIC instead, or use the labels it was trained on`,
  );
}
