import type { Detection, ImageSize } from '@cassl/vision';
import type { InferenceOptions } from '@cassl/workers';
import type { DetectorConfig, FittedSize, PreparedImage } from '@cassl/detector';

/** Results of one forward pass. */
export interface BatchResult {
  /** By image, best first. */
  readonly detections: readonly (readonly Detection[])[];
  readonly computeMs: number;
  readonly outputMs: number;
}

/** A model in this process, as the pipeline sees it. */
export interface BatchModel {
  /** Resized and padded size: a function of the image's own size alone. */
  fit(original: ImageSize): FittedSize;
  /** One forward pass over images of one padded size, each with its own options. */
  detect(images: readonly PreparedImage[], options: readonly InferenceOptions[]): Promise<BatchResult>;
  /** Runs once for shapes that requests will have. */
  warmUp(): Promise<void>;
  dispose(): void;
  /** Of a detector: how images are placed. */
  readonly config: DetectorConfig | undefined;
  /** For people: `torch (cpu, 2 threads)`. */
  readonly engine: string;
}
