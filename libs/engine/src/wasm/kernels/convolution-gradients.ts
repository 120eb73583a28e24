import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';
import { filterGradient } from './filter-gradient.ts';
import { inputGradient } from './input-gradient.ts';

interface Attrs {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly inputShape: [number, number, number, number];
  readonly filterShape: [number, number, number, number];
}

/** The package's Conv2DBackpropInput runs at 2 to 4 GFLOP/s and it has no Conv2DBackpropFilter: both from fast kernels. */
export function registerConvolutionGradients(): void {
  registerComposedKernel<Attrs>('Conv2DBackpropInput', ({ dy, filter }, attrs) => {
    const gradient = channelsLast(dy!, attrs);
    const inputShape = lastShape(attrs.inputShape, attrs);
    const info = geometry(inputShape, filter!.shape as Attrs['filterShape'], attrs);
    // What lies beyond the convolution's own output counts for nothing, as in tfjs's reference.
    const { outHeight, outWidth } = info;
    const whole = gradient.shape[1] === outHeight && gradient.shape[2] === outWidth;
    const cropped = whole ? gradient : tf.slice(gradient, [0, 0, 0, 0], [-1, outHeight, outWidth, -1]);
    const dx = inputGradient(cropped, filter as tf.Tensor4D, {
      size: [info.inHeight, info.inWidth],
      stride: [info.strideHeight, info.strideWidth],
      padding: [info.padInfo.top, info.padInfo.left],
    });
    return attrs.dataFormat === 'NCHW' ? tf.transpose(dx, [0, 3, 1, 2]) : dx;
  });

  registerComposedKernel<Attrs>('Conv2DBackpropFilter', ({ x, dy }, attrs) => {
    const input = channelsLast(x!, attrs);
    const info = geometry(input.shape, attrs.filterShape, attrs);
    return filterGradient(input, channelsLast(dy!, attrs), info);
  });
}

function geometry(
  inputShape: Attrs['inputShape'],
  filterShape: Attrs['filterShape'],
  attrs: Attrs,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

function channelsLast(tensor: tf.Tensor, { dataFormat }: Attrs): tf.Tensor4D {
  return (dataFormat === 'NCHW' ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor) as tf.Tensor4D;
}

function lastShape([n, a, b, c]: Attrs['inputShape'], { dataFormat }: Attrs): Attrs['inputShape'] {
  return dataFormat === 'NCHW' ? [n, b, c, a] : [n, a, b, c];
}
