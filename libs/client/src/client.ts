/** A picture: a file's bytes (JPEG, PNG, WebP, GIF, TIFF, HEIF), or an address that the service may read. */
export type Picture = Uint8Array | { readonly uri: string };

/** What to detect with, and how. */
export interface DetectOptions {
  /** Alias or digest of a checkpoint. */
  readonly model: string;
  /** Findings with a score above it are answered, [0, 1). @default 0.05 */
  readonly threshold?: number;
  /** 1 to 1,000. @default 100 */
  readonly maxDetections?: number;
  /** Masks where the model has them. @default true */
  readonly masks?: boolean;
  /** 1 is served first, 9 last. @default 5 */
  readonly priority?: number;
  /** Milliseconds for the answer, all attempts included; of a stream, for each answer where it goes over HTTP, else for all. @default the client's */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Pixels of the original image, continuous: pixel column 0 alone is x1 = 0, x2 = 1. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface Detection {
  readonly box: Box;
  readonly score: number;
  readonly categoryId: number;
  readonly category: string;
  /** COCO's compressed run lengths. */
  readonly mask?: { readonly height: number; readonly width: number; readonly counts: string };
}

export interface Detections {
  /** sha256 of the checkpoint that answered. */
  readonly digest: string;
  readonly width: number;
  readonly height: number;
  /** By falling score. */
  readonly detections: readonly Detection[];
  /** How the answer came about. */
  readonly timing: {
    readonly batchSize: number;
    readonly queueMs: number;
    readonly inputMs: number;
    readonly computeMs: number;
    readonly outputMs: number;
  };
}

/** An answer of a stream: a picture that cannot be used does not end it. */
export type StreamAnswer =
  | { readonly position: number; readonly found: Detections }
  | { readonly position: number; readonly error: { readonly code: string; readonly message: string } };

export interface CasslClient {
  /** Detects in one picture. @throws CasslError with the service's code, message and details */
  detect(picture: Picture, options: DetectOptions): Promise<Detections>;
  /**
   * Detects in pictures as they come; answers keep their order. Not more than some dozens are read ahead of what you take.
   * @throws CasslError for what concerns the whole stream
   */
  detectStream(
    pictures: AsyncIterable<Picture> | Iterable<Picture>,
    options: DetectOptions,
  ): AsyncIterable<StreamAnswer>;
  close(): void;
}

export interface ClientOptions {
  /** Bearer token. */
  readonly token?: string;
  /** Milliseconds for calls that name none. @default 30_000 */
  readonly timeoutMs?: number;
  /** More attempts where the service is away or full, within the time. @default 4 */
  readonly retries?: number;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_RETRIES = 4;
