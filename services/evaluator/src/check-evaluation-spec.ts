import { invalidArgument } from '@cassl/errors';
import { MetricKind, type EvaluationSpec } from '@cassl/proto';
import { checkReadable, checkWritable } from '@cassl/storage';

/**
 * Refuses what can never run, and tries to write to `output_uri`.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; as `checkWritable` says
 */
export async function checkEvaluationSpec(spec: EvaluationSpec | undefined): Promise<EvaluationSpec> {
  if (spec === undefined) throw invalidArgument('StartEvaluationRequest.spec is missing');
  if (spec.checkpoint === '' && spec.labelUris.length === 0) {
    throw invalidArgument('EvaluationSpec.checkpoint is missing: give a digest or an alias, or label_uris');
  }
  for (const [name, uri] of [
    ['annotations_uri', spec.dataset?.annotationsUri ?? ''],
    ['images_uri', spec.dataset?.imagesUri ?? ''],
  ] as const) {
    checkReadable(`EvaluationSpec.dataset.${name}`, uri);
  }
  const segments = spec.dataset?.segmentsUri ?? '';
  if (segments !== '') checkReadable('EvaluationSpec.dataset.segments_uri', segments);
  for (const uri of spec.labelUris) checkReadable('EvaluationSpec.label_uris', uri);
  if (spec.metrics.includes(MetricKind.METRIC_KIND_UNSPECIFIED)) {
    throw invalidArgument('EvaluationSpec.metrics must not contain METRIC_KIND_UNSPECIFIED');
  }
  for (const threshold of spec.thresholds) {
    if (!(threshold >= 0 && threshold < 1)) {
      throw invalidArgument(`EvaluationSpec.thresholds must be in [0, 1), got ${threshold}`);
    }
  }
  if (spec.outputUri !== '') await checkWritable('EvaluationSpec.output_uri', spec.outputUri);
  return spec;
}
