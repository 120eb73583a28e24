export interface TensorSpec {
  readonly name: string;
  readonly datatype: string;
  /** -1 where it varies. */
  readonly shape: readonly number[];
}

/** N images; one of the two. */
export const INPUTS: readonly TensorSpec[] = [
  { name: 'image', datatype: 'BYTES', shape: [-1] },
  { name: 'pixels', datatype: 'UINT8', shape: [-1, -1, -1, 3] },
];

/** N images of M detections, M being the most of any image; what an image lacks is zero or empty. */
export const OUTPUTS: readonly TensorSpec[] = [
  { name: 'boxes', datatype: 'FP32', shape: [-1, -1, 4] },
  { name: 'scores', datatype: 'FP32', shape: [-1, -1] },
  { name: 'labels', datatype: 'INT32', shape: [-1, -1] },
  { name: 'num_detections', datatype: 'INT32', shape: [-1] },
  { name: 'masks', datatype: 'BYTES', shape: [-1, -1] },
  { name: 'image_sizes', datatype: 'INT32', shape: [-1, 2] },
  { name: 'errors', datatype: 'BYTES', shape: [-1] },
];
