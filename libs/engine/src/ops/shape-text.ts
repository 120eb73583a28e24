import type { TensorInfo } from '@tensorflow/tfjs-core';

/** `[1, 28, 28, 3]`, for messages. */
export function shapeText(tensor: TensorInfo): string {
  return `[${tensor.shape.join(', ')}]`;
}
