import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

const STEP = 1e-2;

/** Compares the gradient of a scalar function with central differences, element by element, to 1 % of its largest part. */
export function checkGradient(
  values: Float32Array,
  shape: readonly number[],
  loss: (x: tf.Tensor) => tf.Scalar,
): void {
  const at = (changed: Float32Array): number =>
    tf.tidy(() => loss(tf.tensor(changed, [...shape])).dataSync()[0]!);
  const gradient = tf.tidy(() =>
    tf
      .grad(loss)(tf.tensor(values, [...shape]))
      .dataSync(),
  );
  const numeric = Float64Array.from(values, (value, index) => {
    const above = Float32Array.from(values);
    const below = Float32Array.from(values);
    above[index] = value + STEP;
    below[index] = value - STEP;
    return (at(above) - at(below)) / (above[index] - below[index]);
  });
  const scale = Math.max(...numeric.map(Math.abs));
  expect(scale).toBeGreaterThan(0);
  numeric.forEach((value, index) => {
    expect(Math.abs(gradient[index]! - value) / scale).toBeLessThan(0.01);
  });
}
