import type { LabeledImage } from '@cassl/datasets';
import type { Detection } from '@cassl/vision';

/** One thing that is measured, image by image. */
export interface Measure {
  add(image: LabeledImage, detections: readonly Detection[]): void;
}
