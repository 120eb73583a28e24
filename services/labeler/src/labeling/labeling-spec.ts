import type { LaneChanges } from '@cassl/events';
import type { LabelingSpec } from '@cassl/proto';

const DEFAULT_SHARD_SIZE = 256;
const DEFAULT_THRESHOLD = 0.05;
const DEFAULT_DETECTIONS = 100;

/** A specification's numbers with their defaults. */
export function limitsOf({ options, shardSize }: LabelingSpec): {
  readonly threshold: number;
  readonly maxDetections: number;
  readonly nonOverlap: boolean;
  readonly shardSize: number;
} {
  return {
    threshold: options?.threshold || DEFAULT_THRESHOLD,
    maxDetections: options?.maxDetections || DEFAULT_DETECTIONS,
    nonOverlap: options?.nonOverlap ?? false,
    shardSize: shardSize || DEFAULT_SHARD_SIZE,
  };
}

/** How its shards are handed out. */
export function laneOf({ priority, weight, maxWorkers, workerPool }: LabelingSpec): LaneChanges {
  return { priority, weight: weight || 1, maxRunning: maxWorkers, pool: workerPool };
}
