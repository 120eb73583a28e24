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
    const actual = evaluate(opCase.op, opCase);
    expect(tf.memory().numTensors).toBe(live);
    expect(actual).toHaveLength(reference.length);
    for (const [index, expected] of reference.entries()) expectClose(actual[index]!, expected, 2e-5);
  });
});

function expectClose(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [index, value] of expected.entries()) {
    if (Math.abs(actual[index]! - value) > tolerance * scale) expect(actual[index]).toBe(value);
  }
}
