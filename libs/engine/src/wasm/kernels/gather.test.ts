import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../open-engine.ts';
import { expectSameAsCpu } from '../../testing/both-engines.ts';
import { silentLogger } from '../../testing/silent-logger.ts';

describe('gather on wasm', () => {
  for (const [shape, indices, axis, batchDims] of [
    [[9, 20], [8, 0, 8, 3], 0, 0],
    [[3, 7, 5], [6, 1], 1, 0],
    [[3, 7], [0, 2, 2], -1, 0],
    [[2, 3, 4, 6], [[0, 3, 1], [2, 2, 0]], 2, 1], // prettier-ignore
  ] as const) {
    it(`of [${shape.join()}] along axis ${axis} with ${batchDims} batch axes is cpu's, gradient included`, () =>
      expectSameAsCpu('wasm', [shape], (x) => {
        const gather = (x: tf.Tensor) => tf.gather(x, tf.tensor<tf.Rank.R1>(indices, undefined, 'int32'), axis, batchDims); // prettier-ignore
        const gathered = gather(x);
        return batchDims > 0 ? [gathered] : [gathered, tf.grad(gather)(x, gathered)];
      }));
  }

  it('names an index that is out of range', async () => {
    await openEngine({ engine: 'wasm', logger: silentLogger });
    tf.tidy(() => {
      expect(() => tf.gather(tf.ones([3, 2]), tf.tensor1d([0, 3], 'int32'))).toThrow('3 is not in [0, 2]');
    });
  });
});
