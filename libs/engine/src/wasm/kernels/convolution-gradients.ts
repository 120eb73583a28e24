import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';
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
    const size = [gradient.shape[0], info.outHeight, info.outWidth, info.outChannels];
    const cropped = tf.slice(gradient, [0, 0, 0, 0], size);
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

/** One matMul [I, N·Ho·Wo] × [N·Ho·Wo, O] per tap, on the input as that tap sees it. */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { inChannels, outChannels, outHeight, outWidth, filterHeight, filterWidth, batchSize } = info;
  const { strideHeight, strideWidth, padInfo } = info;
  const pixels = outHeight * outWidth;
  const rows = tf.reshape(dy, [batchSize * pixels, outChannels]);
  const below = Math.max(0, (outHeight - 1) * strideHeight + filterHeight - padInfo.top - info.inHeight);
  const right = Math.max(0, (outWidth - 1) * strideWidth + filterWidth - padInfo.left - info.inWidth);
  const channelsFirst = tf.transpose(x, [3, 0, 1, 2]);
  const padded = tf.pad(channelsFirst, [[0, 0], [0, 0], [padInfo.top, below], [padInfo.left, right]]); // prettier-ignore
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      taps.push(
        tf.tidy(() => {
          const begin = [0, 0, row, column];
          const height = (outHeight - 1) * strideHeight + 1;
          const width = (outWidth - 1) * strideWidth + 1;
          const window = tf.slice(padded, begin, [inChannels, batchSize, height, width]);
          // The package's stridedSlice goes element by element, its slice copies rows.
          const seen =
            strideHeight === 1 && strideWidth === 1
              ? window
              : tf.stridedSlice(window, [0, 0, 0, 0], window.shape, [1, 1, strideHeight, strideWidth]);
          // One product, not one per image: the package is fast only without a batch axis.
          return tf.matMul(tf.reshape(seen, [inChannels, batchSize * pixels]), rows);
        }),
      );
    }
  }
  return tf.reshape(tf.stack(taps), [filterHeight, filterWidth, inChannels, outChannels]);
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
