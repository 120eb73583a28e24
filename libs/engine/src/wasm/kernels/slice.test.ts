import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../open-engine.ts';
import { expectSameAsCpu } from '../../testing/both-engines.ts';
import { silentLogger } from '../../testing/silent-logger.ts';

describe('slice and split on wasm', () => {
  for (const [shape, begin, size] of [
    [[7], [2], [3]],
    [
      [5, 40],
      [1, 7],
      [3, 20],
    ],
    [
      [4, 5, 6, 7],
      [1, 0, 2, 0],
      [2, -1, 3, -1],
    ],
    [
      [4, 5, 6, 7],
      [0, 2, 0, 0],
      [4, 3, 6, 7],
    ],
    [
      [3, 4, 5, 6, 2],
      [1, 1, 1, 1, 0],
      [2, 2, 3, 4, 1],
    ],
    [
      [3, 4],
      [1, 2],
      [0, 2],
    ],
  ] as const) {
    it(`slices [${shape.join()}] from [${begin.join()}] as cpu does`, () =>
      expectSameAsCpu('wasm', [shape], (x) => tf.slice(x, [...begin], [...size]), 0));
  }

  it('splits and unstacks along any axis', () =>
    expectSameAsCpu(
      'wasm',
      [[4, 6, 5]],
      (x) => [0, 1, 2].flatMap((axis) => [...tf.split(x, [1, x.shape[axis]! - 1], axis), ...tf.unstack(x, axis)]), // prettier-ignore
      0,
    ));

  it('slices integers and truth values', async () => {
    await openEngine({ engine: 'wasm', logger: silentLogger });
    tf.tidy(() => {
      expect([...tf.slice(tf.tensor1d([1, -2, 2 ** 30 + 1, 4], 'int32'), 1, 2).dataSync()]).toEqual([-2, 2 ** 30 + 1]); // prettier-ignore
      expect([...tf.slice(tf.tensor1d([true, false, true], 'bool'), 1, 2).dataSync()]).toEqual([0, 1]);
    });
  });
});

describe('clones on wasm', () => {
  it('live on when what they were made of is disposed, and give the memory back with the last', async () => {
    await openEngine({ engine: 'wasm', logger: silentLogger });
    const before = tf.memory().numDataBuffers;
    const x = tf.tensor1d([1, 2, 3]);
    const clone = tf.clone(x);
    x.dispose();
    expect([...clone.dataSync()]).toEqual([1, 2, 3]);
    clone.dispose();
    expect(tf.memory().numDataBuffers).toBe(before);
  });
});
