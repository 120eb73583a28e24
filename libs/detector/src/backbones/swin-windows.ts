import * as tf from '@tensorflow/tfjs-core';
import { padTo } from './swin-layers.ts';

/** One way to cut a map into windows of w×w tokens. */
export interface WindowPartition {
  readonly window: number;
  /** [B, H, W, C] → [B·windows, w², C]; zeros right and below where w does not divide the map. */
  split(x: tf.Tensor4D): tf.Tensor3D;
  /** The inverse, without what was padded. */
  join(windows: tf.Tensor3D): tf.Tensor4D;
  /** Added to attention scores, [windows, w², w²]: -100 between tokens that only the shift brought together. */
  readonly mask: tf.Tensor3D | undefined;
}

export interface WindowPartitions {
  readonly plain: WindowPartition;
  /** Windows moved by half their side; tokens that leave at the top and left come back at the bottom and right. */
  readonly shifted: WindowPartition;
}

/** -∞ for all practical purposes, and what every release uses, so that logits agree in fully masked corners. */
const MASKED = -100;

/** Gives `use` both partitions of a map and frees them afterwards. */
export function withWindows<T extends tf.TensorContainer>(
  x: tf.Tensor4D,
  window: number,
  use: (partitions: WindowPartitions) => T,
): T {
  return tf.tidy(() => {
    const [, height, width] = x.shape;
    return use({
      plain: partition(height, width, window, 0),
      shifted: partition(height, width, window, Math.floor(window / 2)),
    });
  });
}

/**
 * Rolling a padded map, cutting it into windows and lining up each window's tokens is one permutation of its tokens:
 * split gathers them by it and join by its inverse, and either's gradient is the other.
 */
function partition(height: number, width: number, window: number, shift: number): WindowPartition {
  const paddedHeight = Math.ceil(height / window) * window;
  const paddedWidth = Math.ceil(width / window) * window;
  const tokens = paddedHeight * paddedWidth;
  const order = windowOrder(paddedHeight, paddedWidth, window, shift);
  const inverse = new Int32Array(tokens);
  order.forEach((from, to) => (inverse[from] = to));
  const forward = tf.tensor1d(order, 'int32');
  const backward = tf.tensor1d(inverse, 'int32');
  return {
    window,
    split(x) {
      const [batch, , , channels] = x.shape;
      const padded = tf.reshape<tf.Rank.R3>(padTo(x, window), [batch, tokens, channels]);
      return tf.reshape(permuteTokens(padded, forward, backward), [-1, window * window, channels]);
    },
    join(windows) {
      const channels = windows.shape[2];
      const lined = tf.reshape<tf.Rank.R3>(windows, [-1, tokens, channels]);
      const padded = tf.reshape<tf.Rank.R4>(permuteTokens(lined, backward, forward), [
        -1,
        paddedHeight,
        paddedWidth,
        channels,
      ]);
      if (paddedHeight === height && paddedWidth === width) return padded;
      return tf.slice(padded, [0, 0, 0, 0], [-1, height, width, -1]);
    },
    mask: shift === 0 ? undefined : shiftMask(order, paddedHeight, paddedWidth, window, shift),
  };
}

/** Token `i` of the windows in line is token `order[i]` of the map. */
function windowOrder(height: number, width: number, window: number, shift: number): Int32Array {
  const order = new Int32Array(height * width);
  let position = 0;
  for (let top = 0; top < height; top += window) {
    for (let left = 0; left < width; left += window) {
      for (let y = top; y < top + window; y++) {
        const row = ((y + shift) % height) * width;
        for (let x = left; x < left + window; x++) order[position++] = row + ((x + shift) % width);
      }
    }
  }
  return order;
}

/** [B, N, C] with its tokens in another order; the gradient puts them back. */
function permuteTokens(x: tf.Tensor3D, order: tf.Tensor1D, inverse: tf.Tensor1D): tf.Tensor3D {
  const permute = tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([inverse]);
    return {
      value: tf.gather(input as tf.Tensor3D, order, 1),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.gather(dy, saved[0] as tf.Tensor1D, 1),
    };
  });
  return permute(x);
}

/**
 * Rolled rows fall into three regions, [0, -w), [-w, -s) and [-s, end), and so do columns; tokens of a window attend
 * to each other only within a region.
 */
function shiftMask(
  order: Int32Array,
  height: number,
  width: number,
  window: number,
  shift: number,
): tf.Tensor3D {
  const area = window * window;
  const region = (position: number, size: number): number =>
    position < size - window ? 0 : position < size - shift ? 1 : 2;
  const regions = Float32Array.from(order, (token) => {
    // Where the token stands after the roll.
    const y = (Math.floor(token / width) - shift + height) % height;
    const x = ((token % width) - shift + width) % width;
    return 3 * region(y, height) + region(x, width);
  });
  const rows = tf.tensor3d(regions, [order.length / area, area, 1]);
  const columns = tf.reshape(rows, [-1, 1, area]);
  return tf.mul(tf.cast(tf.notEqual(rows, columns), 'float32'), MASKED);
}
