import * as tf from '@tensorflow/tfjs-core';

/** A picture of 8-bit RGB and where it goes: the top left `placed` pixels of its frame, enlarged where they are more than it has. */
export interface PlacedPicture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly placedHeight: number;
  readonly placedWidth: number;
}

export interface PlacedFrame {
  readonly height: number;
  readonly width: number;
  /** Per channel of the network, on a 0–255 scale. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** The network's first channel is blue. */
  readonly blueFirst: boolean;
}

/** Interpolation along one axis: each output is the mean of three consecutive samples, so weighted. */
export interface AxisTaps {
  readonly starts: Int32Array;
  readonly weights: Float32Array; // [length × 3]
}

export interface PasteOptions {
  /** First map of this image, and how many it has. */
  readonly first: number;
  readonly count: number;
  readonly rows: AxisTaps;
  readonly columns: AxisTaps;
  readonly threshold: number;
}

/**
 * What an engine does natively on the host around a detector's forward pass. `@cassl/detector` has the definitions in
 * TypeScript, which run on engines without these.
 */
export interface DetectionKernels {
  /** → [B, height, width, 3], owned by the caller. */
  placeImages(pictures: readonly PlacedPicture[], frame: PlacedFrame): tf.Tensor4D;
  /** Ten numbers a detection: image, level, row, column, category, score, x1, y1, x2, y2. `settings` as native/select-detections.cc says. */
  selectDetections(classes: Float32Array, boxes: Float32Array, settings: Float64Array): Float64Array;
  /** The runs of each mask, from probability maps [N, h, w]. */
  pasteMasks(maps: tf.Tensor3D, options: PasteOptions): Uint32Array[];
}

const providers = new Map<string, DetectionKernels>();

/** Called by an engine that has them, under its tfjs backend's name. */
export function provideDetectionKernels(backendName: string, kernels: DetectionKernels): void {
  providers.set(backendName, kernels);
}

/** Those of the current engine; undefined where it has none. */
export function detectionKernels(): DetectionKernels | undefined {
  return providers.get(tf.getBackend());
}
