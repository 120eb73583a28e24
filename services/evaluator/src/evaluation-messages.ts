import type { ThresholdQuality } from '@cassl/proto';

/** The job file that a worker reads: all it needs to know. */
export interface EvaluationJobFile {
  readonly id: string;
  /** `EvaluationSpec` as protobuf JSON. */
  readonly spec: unknown;
  readonly registryAddress: string;
  readonly cacheDir: string;
}

/** What was measured. */
export interface Measured {
  /** "bbox/AP", "segm-agnostic/AP50" and so on; numbers that COCO prints as -1 are absent. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly sweep: readonly ThresholdQuality[];
  readonly bestThreshold: number;
  readonly imageCount: number;
  readonly datasetDigest: string;
  /** Empty where label files were measured. */
  readonly checkpointDigest: string;
  readonly detectionsUri: string;
  /** What was left out, and which images could not be read, whose objects count as missed. */
  readonly notes: readonly string[];
}

/** What a worker tells the evaluator. */
export type EvaluationMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'measured'; readonly measured: Measured };
