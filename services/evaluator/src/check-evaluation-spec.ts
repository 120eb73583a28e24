import { invalidArgument } from '@cassl/errors';
import { AnnotationKind, LabelMapping, MetricKind, type EvaluationSpec } from '@cassl/proto';
import { checkReadable, checkWritable } from '@cassl/storage';
import { checkLabeledDataset } from '@cassl/workers';
import { asksForScores } from './measure-scores.ts';

/** Also a newer client's kind, which this evaluator does not know, would be left out without a word. */
const KINDS: ReadonlySet<MetricKind> = new Set(
  Object.values(MetricKind).filter(
    (kind) => kind !== MetricKind.METRIC_KIND_UNSPECIFIED && kind !== MetricKind.UNRECOGNIZED,
  ),
);

/**
 * Refuses what can never run, and tries to write to `output_uri`.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; as `checkWritable` says
 */
export async function checkEvaluationSpec(spec: EvaluationSpec | undefined): Promise<EvaluationSpec> {
  if (spec === undefined) throw invalidArgument('StartEvaluationRequest.spec is missing');
  if (spec.checkpoint === '' && spec.labelUris.length === 0) {
    throw invalidArgument('EvaluationSpec.checkpoint is missing: give a digest or an alias, or label_uris');
  }
  if (asksForScores(spec)) checkScores(spec);
  else await checkLabeledDataset('EvaluationSpec.dataset', spec.dataset);
  for (const uri of spec.labelUris) checkReadable('EvaluationSpec.label_uris', uri);
  for (const kind of spec.metrics) {
    if (KINDS.has(kind)) continue;
    throw invalidArgument(
      `EvaluationSpec.metrics must be of ${[...KINDS].join(', ')}, got ${JSON.stringify(kind)}`,
    );
  }
  checkPanoptic(spec);
  for (const threshold of spec.thresholds) {
    if (!(threshold >= 0 && threshold < 1)) {
      throw invalidArgument(`EvaluationSpec.thresholds must be in [0, 1), got ${threshold}`);
    }
  }
  if (spec.outputUri !== '') await checkWritable('EvaluationSpec.output_uri', spec.outputUri);
  return spec;
}

/** They are of no data set, so that no registry entry could say what they are of. */
function checkScores({ metrics, labelUris, detached }: EvaluationSpec): void {
  if (metrics.length === 1 && labelUris.length > 0 && detached) return;
  throw invalidArgument(
    'EvaluationSpec.metrics: METRIC_KIND_LABEL_SCORES stands alone, with label_uris and detached',
  );
}

/** Masks of things may overlap, and one class has no quality by class. */
function checkPanoptic({ metrics, dataset }: EvaluationSpec): void {
  if (!metrics.includes(MetricKind.METRIC_KIND_PANOPTIC)) return;
  if (
    dataset?.kind === AnnotationKind.ANNOTATION_KIND_PANOPTIC &&
    dataset.labels !== LabelMapping.LABEL_MAPPING_AGNOSTIC
  )
    return;
  throw invalidArgument(
    'EvaluationSpec.metrics: METRIC_KIND_PANOPTIC needs a dataset of kind ANNOTATION_KIND_PANOPTIC with labels that keep its categories',
  );
}
