import type { LaneChanges } from '@cassl/events';
import type { LabelingSpec } from '@cassl/proto';
import { USUAL_OPTIONS } from '@cassl/workers/inference-options';

const DEFAULT_SHARD_SIZE = 256;

/** A specification's numbers with their defaults. */
export function limitsOf({ options, shardSize }: LabelingSpec): {
  readonly threshold: number;
  readonly maxDetections: number;
  readonly nonOverlap: boolean;
  readonly classSpecific: boolean;
  readonly shardSize: number;
} {
  return {
    threshold: options?.threshold || USUAL_OPTIONS.threshold,
    maxDetections: options?.maxDetections || USUAL_OPTIONS.maxDetections,
    nonOverlap: options?.nonOverlap ?? false,
    classSpecific: options?.classSpecific ?? false,
    shardSize: shardSize || DEFAULT_SHARD_SIZE,
  };
}

/** How its shards are handed out. */
export function laneOf({ priority, weight, maxWorkers, workerPool }: LabelingSpec): LaneChanges {
  return { priority, weight: weight || 1, maxRunning: maxWorkers, pool: workerPool };
}

/** Thresholds come over the wire as float32, where 0.05 is 0.05000000074505806. */
export function roundScore(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}
