import * as tf from '@tensorflow/tfjs-core';
import { Array64 } from './float64.ts';
import { randomValues } from './random-values.ts';

/** A differentiable function on an engine and its definition in doubles. */
export interface GradientCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  /** What becomes of normally distributed inputs where a function wants others. */
  readonly domain?: (value: number) => number;
  readonly op: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly float64: (...inputs: Array64[]) => Array64;
}

export interface ValueAndGradients {
  readonly value: ArrayLike<number>;
  /** Of Σ w·value with random weights w, one per input. */
  readonly gradients: readonly ArrayLike<number>[];
}

/** Half the width of a central difference: its error is 1e-10 of the third derivative, and the doubles' 1e-11. */
const step = 1e-5;

/** What the current engine makes of a case. */
export function onEngine({ op, ...inputs }: GradientCase): ValueAndGradients {
  return tf.tidy(() => {
    const tensors = caseInputs(inputs).map((values, index) => tf.tensor(values, [...inputs.shapes[index]!]));
    const weighted = (...given: tf.Tensor[]) => {
      const y = op(...given);
      return tf.sum(tf.mul(y, tf.tensor(weights(y.size), y.shape)));
    };
    return {
      value: op(...tensors).dataSync(),
      gradients: tf
        .grads(weighted)(tensors)
        .map((gradient) => gradient.dataSync()),
    };
  });
}

/** The same from the definition: gradients by central differences, one input element at a time. */
export function inFloat64({ float64, ...inputs }: GradientCase): ValueAndGradients {
  const arrays = caseInputs(inputs).map((values, index) => new Array64(inputs.shapes[index]!, values));
  const weighted = () => {
    const { values } = float64(...arrays);
    const w = weights(values.length);
    return values.reduce((total, value, index) => total + value * w[index]!, 0);
  };
  const slope = (values: Float64Array, index: number) => {
    const centre = values[index]!;
    values[index] = centre + step;
    const above = weighted();
    values[index] = centre - step;
    const below = weighted();
    values[index] = centre;
    return (above - below) / (2 * step);
  };
  return {
    value: float64(...arrays).values,
    gradients: arrays.map(({ values }) => Float64Array.from(values, (_, index) => slope(values, index))),
  };
}

function caseInputs({ shapes, domain = (x) => x }: Pick<GradientCase, 'shapes' | 'domain'>): Float32Array[] {
  return shapes.map((shape, index) =>
    randomValues(
      shape.reduce((product, extent) => product * extent, 1),
      index + 1,
    ).map(domain),
  );
}

const weights = (count: number): Float32Array => randomValues(count, 99);
