import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../composed-kernel.ts';

interface Attrs {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly inputShape: [number, number, number, number];
  readonly filterShape: [number, number, number, number];
}

/** The package has no gradients of depthwise convolutions: one product with the shifted input per tap. */
export function registerDepthwiseGradients(): void {
  registerComposedKernel<Attrs>('DepthwiseConv2dNativeBackpropFilter', ({ x, dy }, attrs) => {
    const info = geometry(attrs.inputShape ?? x!.shape, attrs.filterShape, attrs);
    const padded = padInput(x as tf.Tensor4D, info);
    const gradient = tf.reshape(dy!, [...dy!.shape.slice(0, 3), info.inChannels, -1]);
    const taps = eachTap(info, (row, column) => {
      const seen = tf.expandDims(tapView(padded, info, row, column), 4);
      return tf.sum(tf.mul(seen, gradient), [0, 1, 2]);
    });
    return tf.reshape(tf.stack(taps), attrs.filterShape);
  });

  registerComposedKernel<Attrs>('DepthwiseConv2dNativeBackpropInput', ({ dy, filter }, attrs) => {
    const info = geometry(attrs.inputShape, filter!.shape as Attrs['filterShape'], attrs);
    const [height, width] = paddedSize(info);
    const batch = attrs.inputShape[0];
    const gradient = tf.reshape(dy!, [...dy!.shape.slice(0, 3), info.inChannels, -1]);
    const shares = eachTap(info, (row, column) => {
      const weights = tf.slice(filter!, [row, column, 0, 0], [1, 1, -1, -1]);
      const share = tf.sum<tf.Tensor4D>(tf.mul(gradient, weights), 4);
      const top = row * info.dilationHeight;
      const left = column * info.dilationWidth;
      const spread = spreadPixels(share, info.strideHeight, info.strideWidth);
      return tf.pad(spread, [
        [0, 0],
        [top, height - top - spread.shape[1]],
        [left, width - left - spread.shape[2]],
        [0, 0],
      ]);
    });
    const full = tf.addN(shares);
    const begin = [0, info.padInfo.top, info.padInfo.left, 0];
    return tf.slice(full, begin, [batch, info.inHeight, info.inWidth, info.inChannels]);
  });
}

function geometry(
  inputShape: Attrs['inputShape'],
  filterShape: Attrs['filterShape'],
  attrs: Attrs,
): tf.backend_util.Conv2DInfo {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
}

function eachTap(
  info: tf.backend_util.Conv2DInfo,
  compute: (row: number, column: number) => tf.Tensor,
): tf.Tensor[] {
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < info.filterHeight; row++) {
    for (let column = 0; column < info.filterWidth; column++) taps.push(tf.tidy(() => compute(row, column)));
  }
  return taps;
}

/** The input with its zeros: as far as the last tap of the last output reaches, and never less than the input. */
function paddedSize(info: tf.backend_util.Conv2DInfo): [number, number] {
  const { top, left } = info.padInfo;
  const height = (info.outHeight - 1) * info.strideHeight + (info.filterHeight - 1) * info.dilationHeight + 1;
  const width = (info.outWidth - 1) * info.strideWidth + (info.filterWidth - 1) * info.dilationWidth + 1;
  return [Math.max(height, top + info.inHeight), Math.max(width, left + info.inWidth)];
}

function padInput(x: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { top, left } = info.padInfo;
  const [height, width] = paddedSize(info);
  return tf.pad(x, [
    [0, 0],
    [top, height - top - info.inHeight],
    [left, width - left - info.inWidth],
    [0, 0],
  ]);
}

/** The input pixels that a tap meets, [N, Ho, Wo, C]. */
function tapView(
  padded: tf.Tensor4D,
  info: tf.backend_util.Conv2DInfo,
  row: number,
  column: number,
): tf.Tensor {
  const top = row * info.dilationHeight;
  const left = column * info.dilationWidth;
  const bottom = top + (info.outHeight - 1) * info.strideHeight + 1;
  const right = left + (info.outWidth - 1) * info.strideWidth + 1;
  const [batch, , , channels] = padded.shape;
  const strides = [1, info.strideHeight, info.strideWidth, 1];
  return tf.stridedSlice(padded, [0, top, left, 0], [batch, bottom, right, channels], strides);
}

/** Zeros between the pixels: [N, H, W, C] → [N, s·(H - 1) + 1, s·(W - 1) + 1, C]. */
function spreadPixels(x: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return x;
  const [batch, height, width, channels] = x.shape;
  const cells = tf.pad(tf.reshape(x, [batch, height, 1, width, channels]), [
    [0, 0],
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
    [0, (strideWidth - 1) * channels],
  ]);
  const spread = tf.reshape(cells, [batch, height * strideHeight, width * strideWidth, channels]);
  return tf.slice<tf.Rank.R4, tf.Tensor4D>(
    spread as tf.Tensor4D,
    [0, 0, 0, 0],
    [batch, (height - 1) * strideHeight + 1, (width - 1) * strideWidth + 1, channels],
  );
}
