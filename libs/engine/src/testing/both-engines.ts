import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { EngineName } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { randomValues } from './random-values.ts';
import { silentLogger } from './silent-logger.ts';

type Shape = readonly number[];

/** Runs a computation on cpu and on another engine, with the same random inputs, and holds the results to each other. */
export async function expectSameAsCpu(
  engine: EngineName,
  shapes: readonly Shape[],
  compute: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  relativeTolerance = 1e-5,
): Promise<void> {
  const expected = await resultsOn('cpu');
  const actual = await resultsOn(engine);
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [index, { values }] of expected.entries()) {
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    const worst = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - actual[index]!.values[i]!)),
      0,
    );
    expect(worst / scale, `output ${index}`).toBeLessThanOrEqual(relativeTolerance);
  }

  async function resultsOn(name: EngineName): Promise<{ shape: Shape; values: number[] }[]> {
    await openEngine({ engine: name, logger: silentLogger });
    return tf.tidy(() => {
      const inputs = shapes.map((shape, index) =>
        tf.tensor(randomValues(tf.util.sizeFromShape([...shape]), index + 1), [...shape]),
      );
      return [compute(...inputs)].flat().map((tensor) => ({
        shape: tensor.shape,
        values: [...tensor.dataSync()],
      }));
    });
  }
}
