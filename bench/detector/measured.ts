export interface MeasuredCase {
  readonly preset: string;
  /** Side of the square pictures, pixels. */
  readonly size: number;
  readonly batch: number;
  /** Measured steps; one more warms up. */
  readonly steps: number;
}

export interface Measured {
  readonly trainingImagesPerSecond: number;
  readonly trainingPeakBytes: number;
  readonly inferenceImagesPerSecond: number;
  readonly inferencePeakBytes: number;
}
