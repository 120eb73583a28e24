import type * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { shapeText } from '../ops/shape-text.ts';

export interface NamedVariable {
  /** The parameter's name in checkpoints, for example `backbone.bottom_up.conv1.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** Changes its parameters in place. */
export interface ParameterOptimizer {
  /**
   * One update with `gradients` by parameter name; a parameter without a gradient stays as it is. The gradients remain
   * the caller's to dispose.
   */
  step(gradients: tf.NamedTensorMap, learningRate: number): void;
  /** Copies of the optimiser's own state, for checkpoints; the caller disposes them. */
  stateDict(): tf.NamedTensorMap;
  /** @throws INVALID_ARGUMENT for a missing name or another shape. */
  loadStateDict(state: tf.NamedTensorMap): void;
  dispose(): void;
}

/** The parameters that have a gradient, in their own order; a gradient of an unknown name or another shape is an error. */
export function withGradients<P extends NamedVariable>(
  parameters: readonly P[],
  gradients: tf.NamedTensorMap,
): { readonly parameter: P; readonly gradient: tf.Tensor }[] {
  const found = parameters.flatMap((parameter) => {
    const gradient = gradients[parameter.name];
    return gradient === undefined ? [] : [{ parameter, gradient }];
  });
  if (found.length !== Object.keys(gradients).length) {
    const known = new Set(parameters.map(({ name }) => name));
    const unknown = Object.keys(gradients).filter((name) => !known.has(name));
    throw invalidArgument(`optimizer: no parameter for the gradients of ${unknown.join(', ')}`);
  }
  for (const { parameter, gradient } of found) {
    checkShape(`the gradient of ${parameter.name}`, gradient, parameter.variable);
  }
  return found;
}

export function checkShape(what: string, given: tf.Tensor, expected: tf.Tensor): void {
  if (given.shape.join() !== expected.shape.join()) {
    throw invalidArgument(`optimizer: ${what} must be ${shapeText(expected)}, got ${shapeText(given)}`);
  }
}
