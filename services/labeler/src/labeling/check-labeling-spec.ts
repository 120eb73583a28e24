import { CasslError, errorCode, errorMessage, invalidArgument } from '@cassl/errors';
import { openLabelSet } from '@cassl/labels';
import type { LabelingOptions, LabelingSpec } from '@cassl/proto';
import { checkReadable, checkWritable, withinTime } from '@cassl/storage';
import { MOST_DETECTIONS } from '@cassl/workers/inference-options';

const MAX_SHARD_SIZE = 4096;
/** Of the largest, a line for each of 4·10^4 label files. */
const LABEL_SET_MS = 30_000;

/**
 * Refuses what can never run, and tries to write to `output_uri`.
 * @throws INVALID_ARGUMENT that names the field, its value and its bound; as `checkWritable` says
 */
export async function checkLabelingSpec(spec: LabelingSpec | undefined): Promise<LabelingSpec> {
  if (spec === undefined) throw invalidArgument('StartLabelingRequest.spec is missing');
  if (spec.teacher !== undefined && spec.checkpoint !== '') {
    throw invalidArgument(
      `LabelingSpec.checkpoint must be empty beside LabelingSpec.teacher, got ${JSON.stringify(spec.checkpoint)}`,
    );
  }
  checkReadable('LabelingSpec.pool.uri', spec.pool?.uri ?? '');
  if (spec.knownLabels !== '') await checkLabelSet('LabelingSpec.known_labels', spec.knownLabels);
  if (spec.shardSize > MAX_SHARD_SIZE) {
    throw invalidArgument(`LabelingSpec.shard_size must be 0 to ${MAX_SHARD_SIZE}, got ${spec.shardSize}`);
  }
  checkRange('priority', spec.priority, -100, 100);
  checkRange('weight', spec.weight, 0, 1000);
  checkRange('max_workers', spec.maxWorkers, 0, 100_000);
  checkRange('max_failure_rate', spec.maxFailureRate ?? 0, 0, 1);
  checkRange('health.max_empty_rate', spec.health?.maxEmptyRate ?? 0, 0, 1);
  checkRange('health.max_drift', spec.health?.maxDrift ?? 0, 0, 1000);
  if (!/^[A-Za-z0-9_-]{0,64}$/.test(spec.workerPool)) {
    throw invalidArgument(
      `LabelingSpec.worker_pool must be at most 64 of [A-Za-z0-9_-], got ${JSON.stringify(spec.workerPool)}`,
    );
  }
  checkLimits('LabelingSpec.options', spec.options);
  await checkWritable('LabelingSpec.output_uri', spec.outputUri);
  return spec;
}

/** @throws INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND, DATA_LOSS where it is no label set that can be read */
async function checkLabelSet(field: string, address: string): Promise<void> {
  checkReadable(field, address);
  const signal = AbortSignal.timeout(LABEL_SET_MS);
  await withinTime(openLabelSet(address, { signal }), `the label set of ${field}`, {
    limitMs: LABEL_SET_MS,
  }).catch((error: unknown) => {
    throw new CasslError(errorCode(error), `${field}: ${errorMessage(error)}`, { cause: error });
  });
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw invalidArgument(`LabelingSpec.${field} must be ${least} to ${most}, got ${value}`);
}

/** @throws INVALID_ARGUMENT for a threshold or a number of detections out of range */
export function checkLimits(
  field: string,
  options: Pick<LabelingOptions, 'threshold' | 'maxDetections'> | undefined,
): void {
  const { threshold = 0, maxDetections = 0 } = options ?? {};
  if (!(threshold >= 0 && threshold < 1)) {
    throw invalidArgument(`${field}.threshold must be in [0, 1), got ${threshold}`);
  }
  if (maxDetections > MOST_DETECTIONS) {
    throw invalidArgument(`${field}.max_detections must be 0 to ${MOST_DETECTIONS}, got ${maxDetections}`);
  }
}
