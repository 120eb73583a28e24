import { invalidArgument } from '@cassl/errors';
import { MetricKind, type EvaluationSpec } from '@cassl/proto';

/** @throws INVALID_ARGUMENT that names the field, its value and its bound */
export function checkEvaluationSpec(spec: EvaluationSpec | undefined): EvaluationSpec {
  if (spec === undefined) throw invalidArgument('StartEvaluationRequest.spec is missing');
  if (spec.checkpoint === '' && spec.labelUris.length === 0) {
    throw invalidArgument('EvaluationSpec.checkpoint is missing: give a digest or an alias, or label_uris');
  }
  for (const [name, uri] of [
    ['annotations_uri', spec.dataset?.annotationsUri ?? ''],
    ['images_uri', spec.dataset?.imagesUri ?? ''],
  ] as const) {
    if (!uri.startsWith('file://')) {
      throw invalidArgument(
        `EvaluationSpec.dataset.${name} must be a file:// address, got ${JSON.stringify(uri)}`,
      );
    }
  }
  if (spec.metrics.includes(MetricKind.METRIC_KIND_UNSPECIFIED)) {
    throw invalidArgument('EvaluationSpec.metrics must not contain METRIC_KIND_UNSPECIFIED');
  }
  for (const threshold of spec.thresholds) {
    if (!(threshold >= 0 && threshold < 1)) {
      throw invalidArgument(`EvaluationSpec.thresholds must be in [0, 1), got ${threshold}`);
    }
  }
  return spec;
}
