import type { Category } from '@cassl/proto';
import type { ImageHeader, Xyxy } from '@cassl/vision';
import type { InferenceOptions } from '@cassl/workers';

/** A picture as a caller has it. */
export type ImageInput =
  /** A file: JPEG, PNG, WebP, GIF, TIFF, HEIF; with what `readImageHeader` said of it, where it was asked before. */
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array; readonly header?: ImageHeader }
  /** Pixels: 8-bit RGB, row-major, interleaved; `data` has width × height × 3 bytes. */
  | { readonly kind: 'rgb'; readonly width: number; readonly height: number; readonly data: Uint8Array };

/** Priorities are 1 (first) to 9; what waits is served by priority, then by age. */
export const DEFAULT_PRIORITY = 5;
export const LEAST_URGENT = 9;

/** One image for one model. */
export interface InferRequest {
  /** Alias or digest of the registry. */
  readonly model: string;
  readonly image: ImageInput;
  /** Left out: threshold 0.05, 100 detections, masks where the model has them, overlaps kept. */
  readonly options?: Partial<InferenceOptions>;
  /** 1 (first) to 9. @default DEFAULT_PRIORITY */
  readonly priority?: number;
  /** Milliseconds from now after which nobody wants the answer. @default none */
  readonly timeoutMs?: number;
  /** Aborts where the caller has gone away. */
  readonly signal?: AbortSignal;
  /** What to do where the queue is full: `refuse` with RESOURCE_EXHAUSTED, or `wait` for room (streams, jobs). @default 'refuse' */
  readonly whenFull?: 'refuse' | 'wait';
  /** Model on trial that the caller wants, from a routing header; ignored where no canary of that name is warm. */
  readonly canary?: string;
}

/** COCO's compressed run-length text. */
export interface EncodedMask {
  readonly height: number;
  readonly width: number;
  readonly counts: string;
}

/** A finding in pixels of the original image. */
export interface FoundObject {
  readonly box: Xyxy;
  readonly score: number;
  /** Channel of the classifier: the place in `model.categories`. */
  readonly category: number;
  readonly mask?: EncodedMask;
}

/** How an answer came about; times in milliseconds. */
export interface InferMetadata {
  /** Images of the forward pass. */
  readonly batchSize: number;
  /** Share of the network's input that was padding, over the whole batch, in [0, 1). */
  readonly paddingWaste: number;
  /** Waiting, for room and for the forward pass. */
  readonly queueMs: number;
  /** Decoding and resizing this image. */
  readonly inputMs: number;
  /** The batch's forward pass. */
  readonly computeMs: number;
  /** Selecting, suppressing, pasting and encoding the batch's findings. */
  readonly outputMs: number;
}

/** Which model answered. */
export interface ModelIdentity {
  /** sha256 of the checkpoint. */
  readonly digest: string;
  /** By classifier channel. */
  readonly categories: readonly Category[];
}

export interface InferAnswer {
  readonly model: ModelIdentity;
  /** Size of the whole image, upright. */
  readonly width: number;
  readonly height: number;
  /** By falling score. */
  readonly detections: readonly FoundObject[];
  readonly metadata: InferMetadata;
}
