import * as tf from '@tensorflow/tfjs-core';
import { interleavePhases } from './interleave-phases.ts';
import { reversedTaps } from './reversed-taps.ts';

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
  const phases: (tf.Tensor4D | undefined)[] = [];
  const transposed = tf.transpose(filter, [0, 1, 3, 2]);
  for (let a = 0; a < stride[0]; a++) {
    for (let b = 0; b < stride[1]; b++)
      phases.push(phaseGradient(dy, transposed, [phase(a, 0), phase(b, 1)]));
  }
  if (phases.length === 1 && phases[0]) return phases[0];
  return interleavePhases(phases, [dy.shape[0], ...size, filter.shape[2]], stride);

  function phase(offset: number, axis: 0 | 1): Phase {
    const step = stride[axis];
    const count = Math.max(0, Math.ceil((size[axis] - offset) / step));
    const first = (offset + padding[axis]) % step;
    const taps = Math.max(0, Math.ceil((filter.shape[axis] - first) / step));
    const before = taps - 1 - Math.floor((offset + padding[axis]) / step);
    return { first, step, taps, before, after: count + taps - 1 - before - dy.shape[axis + 1]!, count };
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

/** Undefined where no tap reaches the phase: its gradient is zero. */
function phaseGradient(
  dy: tf.Tensor4D,
  transposed: tf.Tensor4D,
  [y, x]: readonly [Phase, Phase],
): tf.Tensor4D | undefined {
  if (y.taps === 0 || x.taps === 0 || y.count === 0 || x.count === 0) return undefined;
  const seen = crop(dy, [y, x]);
  return tf.conv2d(seen, reversedTaps(transposed, y, x), 1, [
    [0, 0],
    [Math.max(0, y.before), Math.max(0, y.after)],
    [Math.max(0, x.before), Math.max(0, x.after)],
    [0, 0],
  ]);
}

function crop(dy: tf.Tensor4D, [y, x]: readonly [Phase, Phase]): tf.Tensor4D {
  const [batch, height, width, outputs] = dy.shape;
  const top = Math.max(0, -y.before);
  const left = Math.max(0, -x.before);
  const seenHeight = height - top - Math.max(0, -y.after);
  const seenWidth = width - left - Math.max(0, -x.after);
  if (seenHeight === height && seenWidth === width) return dy;
  return tf.slice(dy, [0, top, left, 0], [batch, seenHeight, seenWidth, outputs]);
}
