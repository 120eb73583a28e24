import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from './open-engine.ts';
import { availableEngines } from './testing/available-engines.ts';
import { checkedGradients } from './testing/checked-gradients.ts';
import { inFloat64, onEngine, type GradientCase, type ValueAndGradients } from './testing/gradient-case.ts';
import { kernelCases } from './testing/kernel-cases.ts';
import { opCases } from './testing/op-cases.ts';
import { recordGradients } from './testing/record-gradients.ts';
import { silentLogger } from './testing/silent-logger.ts';

const engines = await availableEngines(['torch', 'wasm', 'cpu']);
const cases: readonly GradientCase[] = [...opCases, ...kernelCases];
const recorded = new Set<string>();

// Of the norm. The largest seen is 3.2e-7, with libtorch 1.13 on AVX-512; other libraries add up in other orders.
const tolerance = 2e-6;

describe.each(cases)('$name', (gradientCase) => {
  let expected: ValueAndGradients;
  beforeAll(() => {
    expected = inFloat64(gradientCase);
  });

  it.each(engines)('on %s has the values and gradients of its definition in doubles', async (engine) => {
    await openEngine({ engine, logger: silentLogger });
    const live = tf.memory().numTensors;
    const taken = recordGradients(() => {
      const { value, gradients } = onEngine(gradientCase);
      expect(relativeError(value, expected.value)).toBeLessThan(tolerance);
      expect(gradients).toHaveLength(expected.gradients.length);
      gradients.forEach((gradient, input) => {
        expect(relativeError(gradient, expected.gradients[input]!), `input ${input}`).toBeLessThan(tolerance);
      });
    });
    for (const name of taken) recorded.add(name);
    expect(tf.memory().numTensors).toBe(live);
  });
});

describe.skipIf(!engines.includes('torch'))('the list of checked gradients', () => {
  it('names those that the cases above took, and no other', () => {
    expect([...recorded].sort()).toEqual([...checkedGradients].sort());
  });
});

/** ‖actual - expected‖ / ‖expected‖ */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual).toHaveLength(expected.length);
  const norm = (of: (index: number) => number) =>
    Math.hypot(...Array.from({ length: expected.length }, (_, index) => of(index)));
  const size = norm((index) => expected[index]!);
  expect(size).toBeGreaterThan(0.1);
  return norm((index) => actual[index]! - expected[index]!) / size;
}
