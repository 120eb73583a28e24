import * as tf from '@tensorflow/tfjs-core';

interface Geometry {
  /** Height and width of the input. */
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Zeros above and to the left of the input. */
  readonly padding: readonly [number, number];
}

/**
 * A convolution's input gradient, as convolutions of dy. Input rows h = s·i + a of one phase a see the taps
 * r, r + s, … with r = (a + padding) mod s, each at dy row i + q - j for tap r + s·j, q = floor((a + padding) / s): a
 * plain convolution with those taps reversed. The s² phases are then interleaved.
 */
export function inputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  { size, stride, padding }: Geometry,
): tf.Tensor4D {
  const [height, width] = size;
  const [strideHeight, strideWidth] = stride;
  const rows = Math.ceil(height / strideHeight);
  const columns = Math.ceil(width / strideWidth);
  const phases: tf.Tensor4D[] = [];
  for (let a = 0; a < strideHeight; a++) {
    for (let b = 0; b < strideWidth; b++) {
      phases.push(phaseGradient(dy, filter, [phase(a, 0, rows), phase(b, 1, columns)]));
    }
  }
  if (phases.length === 1) return phases[0]!;
  const [batch, , , channels] = phases[0]!.shape;
  const grid = tf.reshape(tf.stack(phases, 3), [batch, rows, columns, strideHeight, strideWidth * channels]);
  const interleaved = tf.reshape(tf.transpose(grid, [0, 1, 3, 2, 4]), [
    batch,
    rows * strideHeight,
    columns * strideWidth,
    channels,
  ]);
  return tf.slice<tf.Rank.R4, tf.Tensor4D>(
    interleaved as tf.Tensor4D,
    [0, 0, 0, 0],
    [batch, height, width, channels],
  );

  function phase(offset: number, axis: 0 | 1, count: number): Phase {
    const s = stride[axis];
    const first = (offset + padding[axis]) % s;
    const taps = Math.max(0, Math.ceil((filter.shape[axis] - first) / s));
    const before = taps - 1 - Math.floor((offset + padding[axis]) / s);
    return { first, step: s, taps, before, after: count + taps - 1 - before - dy.shape[axis + 1]!, count };
  }
}

interface Phase {
  /** Taps first, first + step, …, `taps` of them. */
  readonly first: number;
  readonly step: number;
  readonly taps: number;
  /** Zeros around dy; below zero: rows of dy that no input row of the phase sees. */
  readonly before: number;
  readonly after: number;
  /** Input rows in the phase. */
  readonly count: number;
}

function phaseGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, [y, x]: readonly [Phase, Phase]): tf.Tensor4D {
  const [batch, dyHeight, dyWidth, outputs] = dy.shape;
  const inputs = filter.shape[2];
  if (y.taps === 0 || x.taps === 0) return tf.zeros([batch, y.count, x.count, inputs]);
  const taps = tf.stridedSlice(filter, [y.first, x.first, 0, 0], filter.shape, [
    y.step,
    x.step,
    1,
    1,
  ]) as tf.Tensor4D;
  const reversed = tf.transpose(tf.reverse(taps, [0, 1]), [0, 1, 3, 2]);
  const top = Math.max(0, -y.before);
  const left = Math.max(0, -x.before);
  const seenHeight = dyHeight - top - Math.max(0, -y.after);
  const seenWidth = dyWidth - left - Math.max(0, -x.after);
  const seen = tf.slice(dy, [0, top, left, 0], [batch, seenHeight, seenWidth, outputs]);
  return tf.conv2d(seen, reversed, 1, [
    [0, 0],
    [Math.max(0, y.before), Math.max(0, y.after)],
    [Math.max(0, x.before), Math.max(0, x.after)],
    [0, 0],
  ]);
}
