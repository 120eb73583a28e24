import * as tf from '@tensorflow/tfjs-core';
import type { CompiledConv2dOptions } from './conv2d-options.ts';

/** The definition of `conv2d` in tfjs's own ops, for engines without a fused kernel and for the tests of those with one. */
export function plainConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: CompiledConv2dOptions,
): tf.Tensor4D {
  const { bias, stride, padding, dilation, groups, activation } = options;
  return tf.tidy(() => {
    const taps = dilateFilter(filter, dilation);
    const convolve = (part: tf.Tensor4D, partTaps: tf.Tensor4D) =>
      convolvePadded(part, partTaps, stride, padding);
    let y: tf.Tensor4D;
    if (groups === 1) {
      y = convolve(x, taps);
    } else {
      const inputs = tf.split<tf.Tensor4D>(x, groups, 3);
      const filters = tf.split<tf.Tensor4D>(taps, groups, 3);
      y = tf.concat(
        inputs.map((part, group) => convolve(part, filters[group]!)),
        3,
      );
    }
    if (bias) y = tf.add(y, bias);
    return activation === 'relu' ? tf.relu(y) : y;
  });
}

/**
 * tfjs-node's convolution gradients know only 'same' and 'valid'; 'same' pads unevenly where the stride is above 1, so
 * there the zeros are added by hand.
 */
function convolvePadded(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number, padding: number): tf.Tensor4D {
  const [height, width] = filter.shape;
  if (padding === 0) return tf.conv2d(x, filter, stride, 'valid');
  if (stride === 1 && height === width && height === 2 * padding + 1) return tf.conv2d(x, filter, 1, 'same');
  const around: [number, number] = [padding, padding];
  return tf.conv2d(tf.pad4d(x, [[0, 0], around, around, [0, 0]]), filter, stride, 'valid');
}

/** Spreads the taps with zeros between them: tfjs has no gradient for dilated convolutions. */
function dilateFilter(filter: tf.Tensor4D, dilation: number): tf.Tensor4D {
  if (dilation === 1) return filter;
  const [height, width, inputs, outputs] = filter.shape;
  const spread = tf.pad(tf.reshape(filter, [height, 1, width, 1, inputs * outputs]), [
    [0, 0],
    [0, dilation - 1],
    [0, 0],
    [0, dilation - 1],
    [0, 0],
  ]);
  const full = tf.reshape(spread, [height * dilation, width * dilation, inputs, outputs]);
  const size = [(height - 1) * dilation + 1, (width - 1) * dilation + 1, inputs, outputs];
  return tf.slice(full, [0, 0, 0, 0], size) as tf.Tensor4D;
}
