import * as tf from '@tensorflow/tfjs-core';
import { fromNativeError } from './native-error.ts';
import type { TorchBackend } from './torch-backend.ts';

interface Picture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly placedHeight: number;
  readonly placedWidth: number;
}

interface Frame {
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly blueFirst: boolean;
}

interface Taps {
  readonly starts: Int32Array;
  readonly weights: Float32Array;
}

interface Paste {
  readonly first: number;
  readonly count: number;
  readonly rows: Taps;
  readonly columns: Taps;
  readonly threshold: number;
}

/** Host work around a detector's forward pass; native/detection-functions.h says what each is. */
export interface DetectionFunctions {
  placeImages(pictures: readonly Picture[], frame: Frame): tf.Tensor4D;
  selectDetections(classes: Float32Array, boxes: Float32Array, settings: Float64Array): Float64Array;
  pasteMasks(maps: tf.Tensor3D, paste: Paste): Uint32Array[];
}

export function detectionFunctions(backend: TorchBackend): DetectionFunctions {
  const { addon } = backend;
  const native = <T>(name: string, run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw fromNativeError(error, name);
    }
  };
  return {
    placeImages(pictures, { height, width, mean, deviation, blueFirst }) {
      const settings = Float64Array.from([
        ...[height, width, ...mean, ...deviation, blueFirst ? 1 : 0],
        ...pictures.flatMap((picture) => [
          picture.height,
          picture.width,
          picture.placedHeight,
          picture.placedWidth,
        ]),
      ]);
      const bytes = pictures.map(({ pixels }) => pixels);
      const handle = native('placeImages', () => addon.placeImages(bytes, settings));
      const info = backend.adopt(handle, [pictures.length, height, width, 3]);
      return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
    },
    selectDetections: (classes, boxes, settings) =>
      native('selectDetections', () => addon.selectDetections(classes, boxes, settings)),
    pasteMasks(maps, { first, count, rows, columns, threshold }) {
      const settings = Float64Array.of(first, count, rows.starts.length, columns.starts.length, threshold);
      const { handle } = backend.data(maps.dataId);
      const runs = native('pasteMasks', () =>
        addon.pasteMasks(handle, settings, rows.starts, rows.weights, columns.starts, columns.weights),
      );
      return Array.from({ length: count }, (_, mask) =>
        runs.subarray(mask === 0 ? count : runs[mask - 1]!, runs[mask]),
      );
    },
  };
}
