import type { Checkpoint } from '@cassl/proto';
import type { Detection } from '@cassl/vision';
import type { InferenceOptions } from '@cassl/workers';

/** A batch for the inference process: images of one checkpoint and one set of options. */
export interface InferenceRequest {
  readonly id: number;
  readonly checkpoint: Checkpoint;
  /** Its safetensors file. */
  readonly path: string;
  readonly options: InferenceOptions;
  /** Encoded JPEG, PNG or WebP bytes. */
  readonly images: readonly Uint8Array[];
}

/** One image: what was found, or why not. */
export type InferenceResult =
  | { readonly width: number; readonly height: number; readonly detections: readonly Detection[] }
  | { readonly error: { readonly code: string; readonly message: string } };

export type InferenceAnswer =
  | { readonly id: number; readonly results: readonly InferenceResult[] }
  /** The batch as a whole failed: the checkpoint cannot detect. */
  | { readonly id: number; readonly code: string; readonly message: string };
