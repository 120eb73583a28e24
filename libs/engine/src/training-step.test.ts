import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { EngineName } from './engine.ts';
import { openEngine } from './open-engine.ts';
import { availableEngines } from './testing/available-engines.ts';
import { silentLogger } from './testing/silent-logger.ts';
import { createSmallNet } from './testing/small-net.ts';

const engines = await availableEngines(['torch', 'wasm']);

async function train(engine: EngineName, steps: number): Promise<{ losses: number[]; weights: number[] }> {
  await openEngine({ engine, logger: silentLogger });
  const net = createSmallNet();
  const losses = Array.from({ length: steps }, (_, index) => net.step(index));
  const weights = net.parameters.flatMap(({ variable }) => [...variable.dataSync()]);
  net.dispose();
  return { losses, weights };
}

describe.each(engines)('training on %s', (engine) => {
  it('takes the same steps as on cpu: same losses, same weights', async () => {
    const expected = await train('cpu', 4);
    const actual = await train(engine, 4);
    for (const [index, loss] of expected.losses.entries()) expect(actual.losses[index]).toBeCloseTo(loss, 5);
    for (const [index, weight] of expected.weights.entries())
      expect(actual.weights[index]).toBeCloseTo(weight, 4);
  });

  it('keeps the number of live tensors and falls back to no other backend', async () => {
    const opened = await openEngine({ engine, logger: silentLogger });
    const net = createSmallNet();
    net.step(0);
    const before = { tensors: tf.memory().numTensors, fallbacks: JSON.stringify(opened.fallbacks()) };
    for (let step = 1; step <= 40; step++) net.step(step);
    expect(tf.memory().numTensors).toBe(before.tensors);
    expect(JSON.stringify(opened.fallbacks())).toBe(before.fallbacks);
    expect(opened.fallbacks()).toEqual([]);
    net.dispose();
  });
});
