import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../open-engine.ts';
import { availableEngines } from '../testing/available-engines.ts';
import { opCases, type OpCase } from '../testing/op-cases.ts';
import { randomValues } from '../testing/random-values.ts';
import { silentLogger } from '../testing/silent-logger.ts';

const engines = await availableEngines(['torch', 'wasm', 'cpu']);

/** Values, then the gradient of Σ w·y for each input, of random inputs and random weights w. */
function evaluate(op: (...inputs: tf.Tensor[]) => tf.Tensor, { shapes }: OpCase): Float32Array[] {
  return tf.tidy(() => {
    const inputs = shapes.map((shape, index) => tensor(shape, index + 1));
    const y = op(...inputs);
    const weights = tensor(y.shape, 99);
    const gradients = tf.grads((...given: tf.Tensor[]) => tf.sum(tf.mul(op(...given), weights)))(inputs);
    return [y, ...gradients].map((result) => result.dataSync() as Float32Array);
  });
}

function tensor(shape: readonly number[], seed: number): tf.Tensor {
  return tf.tensor(randomValues(tf.util.sizeFromShape([...shape]), seed), [...shape]);
}

describe.each(opCases)('$name', (opCase) => {
  let reference: Float32Array[];
  beforeAll(async () => {
    await openEngine({ engine: 'cpu', logger: silentLogger });
    reference = evaluate(opCase.plain, opCase);
  });

  it.each(engines)('on %s agrees with its plain definition on cpu, gradients included', async (engine) => {
    await openEngine({ engine, logger: silentLogger });
    const live = tf.memory().numTensors;
    const actual = evaluate(opCase.fused, opCase);
    expect(tf.memory().numTensors).toBe(live);
    expect(actual).toHaveLength(reference.length);
    for (const [index, expected] of reference.entries()) expectClose(actual[index]!, expected, 2e-5);
  });

  // Central differences in float32 are good to a few parts in a thousand of the gradient's size.
  it('has the gradient that finite differences of its plain definition have', async () => {
    await openEngine({ engine: 'cpu', logger: silentLogger });
    const [, ...gradients] = reference;
    for (const [input, shape] of opCase.shapes.entries()) {
      const direction = randomValues(tf.util.sizeFromShape([...shape]), 200 + input);
      const slope = directionalSlope(opCase, input, direction);
      const expected = gradients[input]!.reduce((sum, value, index) => sum + value * direction[index]!, 0);
      const scale = Math.sqrt(
        gradients[input]!.reduce((sum, value) => sum + value * value, 0) * direction.length,
      );
      expect(Math.abs(slope - expected)).toBeLessThan(5e-3 * scale + 1e-3);
    }
  });
});

/** Sums in float64 on the host: float32 totals would drown the difference. */
function directionalSlope({ plain, shapes }: OpCase, input: number, direction: Float32Array): number {
  const step = 1e-3;
  const at = (offset: number) =>
    tf.tidy(() => {
      const inputs = shapes.map((shape, index) => {
        const base = tensor(shape, index + 1);
        return index === input ? tf.add(base, tf.mul(tf.tensor(direction, [...shape]), offset)) : base;
      });
      const y = plain(...inputs);
      const weights = randomValues(y.size, 99);
      return (y.dataSync() as Float32Array).reduce((sum, value, index) => sum + value * weights[index]!, 0);
    });
  return (at(step) - at(-step)) / (2 * step);
}

function expectClose(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [index, value] of expected.entries()) {
    if (Math.abs(actual[index]! - value) > tolerance * scale) expect(actual[index]).toBe(value);
  }
}
