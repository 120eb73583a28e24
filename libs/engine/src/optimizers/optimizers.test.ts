import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../open-engine.ts';
import { createAdamW } from './adamw.ts';
import { createSgd } from './sgd.ts';

import { silentLogger as silent } from '../testing/silent-logger.ts';
beforeAll(async () => void (await openEngine({ engine: 'cpu', logger: silent })));

// Golden numbers: PyTorch 2.13, from p = 1 with gradients .5 and -.25.
const cases = [
  {
    name: 'SGD',
    create: (parameters: { name: string; variable: tf.Variable }[]) =>
      createSgd({ parameters, momentum: 0.9, weightDecay: () => 1e-4 }),
    learningRate: 0.01,
    expected: [0.99499899, 0.99299711],
  },
  {
    name: 'AdamW',
    create: (parameters: { name: string; variable: tf.Variable }[]) =>
      createAdamW({ parameters, weightDecay: () => 0.05 }),
    learningRate: 1e-4,
    expected: [0.99989498, 0.99986333],
  },
];

describe.each(cases)('$name', ({ create, learningRate, expected }) => {
  it('gives the golden steps, also when resumed from its state in between', () => {
    const variable = tf.variable(tf.tensor1d([1]));
    const first = create([{ name: 'p', variable }]);
    first.step({ p: tf.tensor1d([0.5]) }, learningRate);
    expect(variable.dataSync()[0]).toBeCloseTo(expected[0]!, 6);
    const second = create([{ name: 'p', variable }]);
    second.loadStateDict(first.stateDict());
    second.step({ p: tf.tensor1d([-0.25]) }, learningRate);
    expect(variable.dataSync()[0]).toBeCloseTo(expected[1]!, 6);
  });

  it('leaves no tensors behind', () => {
    const before = tf.memory().numTensors;
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1])));
    const optimizer = create([{ name: 'p', variable }]);
    tf.tidy(() => optimizer.step({ p: tf.tensor1d([0.5]) }, learningRate));
    optimizer.dispose();
    variable.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses the gradient of a parameter that it does not have, and another shape', () => {
    const optimizer = create([{ name: 'p', variable: tf.variable(tf.tensor1d([1])) }]);
    expect(() => optimizer.step({ q: tf.tensor1d([1]) }, 1)).toThrow('no parameter for the gradients of q');
    expect(() => optimizer.step({ p: tf.tensor1d([1, 2]) }, 1)).toThrow(
      'the gradient of p must be [1], got [2]',
    );
  });
});
