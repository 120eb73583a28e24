import type { TrainingPoint } from '@cassl/proto';

/** What a training worker tells its service, one message at a time; as a Kubernetes Job, one JSON line at a time. */
export type TrainingMessage =
  | {
      readonly type: 'started';
      /** Engine and device, for example "torch (cpu, 2 threads)". */
      readonly engine: string;
      /** Step of the checkpoint that it goes on from; 0 for a fresh start. */
      readonly resumedFrom: number;
      /** The curve up to that step, where the checkpoint has it. */
      readonly curve?: readonly TrainingPoint[];
      /** What was dropped from the data and why, one line each. */
      readonly notes: readonly string[];
    }
  /** All that is known by now: images are found unreadable when they are used first. */
  | { readonly type: 'notes'; readonly notes: readonly string[] }
  | { readonly type: 'progress'; readonly point: TrainingPoint }
  | { readonly type: 'checkpoint'; readonly iteration: number }
  /** It is trained; the registry is waited for where it is away. */
  | { readonly type: 'publishing' }
  | { readonly type: 'published'; readonly digest: string };

/** The job file that a worker reads: all it needs to know. */
export interface TrainingJobFile {
  readonly id: string;
  /** `TrainingSpec` as protobuf JSON. */
  readonly spec: unknown;
  /** `host:port`. */
  readonly registryAddress: string;
  /** Folder where downloaded checkpoints are kept. */
  readonly cacheDir: string;
}
