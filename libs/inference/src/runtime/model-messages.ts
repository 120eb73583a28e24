import type { DetectorConfig } from '@cassl/detector/fit-image';
import type { ModelSpec } from '../models/open-batch-model.ts';
import type { InferAnswer } from '../inference-request.ts';
import type { PipelineItem, PipelineOptions } from '../pipeline/pipeline.ts';

/** To a model process. */
export type ToModel =
  | { readonly kind: 'load'; readonly spec: ModelSpec; readonly options: PipelineOptions }
  | { readonly kind: 'infer'; readonly id: number; readonly item: PipelineItem }
  | { readonly kind: 'cancel'; readonly id: number };

/** What a process says of the model that it has loaded and warmed. */
export interface ModelFacts {
  /** Of a detector: how images are placed. */
  readonly config: DetectorConfig | undefined;
  readonly residentBytes: number;
  /** For people: `torch (cpu, 2 threads)`. */
  readonly engine: string;
}

/** What a process answers about one image. */
export type ModelAnswer = Omit<InferAnswer, 'model'>;

/** From a model process. */
export type FromModel =
  | { readonly kind: 'loaded'; readonly facts: ModelFacts }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ModelAnswer }
  | { readonly kind: 'failure'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'memory'; readonly residentBytes: number };
