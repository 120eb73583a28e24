import * as tf from '@tensorflow/tfjs-core';
import { LOSS_NAMES, type Detector, type TrainingBatch } from '@cassl/detector';
import { openEngine, type ParameterOptimizer } from '@cassl/engine';
import type { TrainingPoint } from '@cassl/proto';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainDetector, type TrainDetectorOptions } from './train-detector.ts';

beforeAll(async () => {
  await openEngine({ engine: 'cpu', logger: { info: () => undefined, warn: () => undefined } });
});

interface Trained {
  readonly done: number;
  readonly points: TrainingPoint[];
  readonly saved: number[];
  readonly rates: number[];
  readonly batches: number;
}

/** The loop over a model whose losses are what `lossOf` says by step: no convolution, the same order of events. */
async function train(
  changes: Partial<TrainDetectorOptions> = {},
  lossOf: (step: number) => number = () => 1,
): Promise<Trained> {
  const points: TrainingPoint[] = [];
  const saved: number[] = [];
  const rates: number[] = [];
  let batches = 0;
  let step = changes.from ?? 0;
  const detector: Pick<Detector, 'gradients'> = {
    gradients: () => {
      const losses = tf.fill<tf.Rank.R1>([LOSS_NAMES.length], lossOf((step += 1)));
      return { losses, gradients: {}, dispose: () => losses.dispose() };
    },
  };
  const optimizer: Pick<ParameterOptimizer, 'step'> = {
    step: (_gradients, rate) => void rates.push(rate),
  };
  async function* endless(): AsyncGenerator<TrainingBatch> {
    for (;;) {
      batches += 1;
      yield await Promise.resolve({ batchSize: 4 } as TrainingBatch);
    }
  }
  const done = await trainDetector({
    detector: detector as Detector,
    optimizer: optimizer as ParameterOptimizer,
    batches: endless(),
    from: 0,
    iterations: 10,
    learningRateAt: (iteration) => 1 / (iteration + 1),
    clipNorm: 0,
    precision: 'fp32',
    logEvery: 4,
    log: (point) => Promise.resolve(void points.push(point)),
    checkpointEvery: 5,
    save: (iteration) => Promise.resolve(void saved.push(iteration)),
    signal: new AbortController().signal,
    ...changes,
  });
  return { done, points, saved, rates, batches };
}

describe('the training loop', () => {
  it('does every step once, with the rate of that step', async () => {
    const { done, rates, batches } = await train();
    expect(done).toBe(10);
    expect(batches).toBe(10);
    expect(rates).toEqual(Array.from({ length: 10 }, (_, step) => 1 / (step + 1)));
  });

  it('tells the mean losses since it last told them, at the end too', async () => {
    const { points } = await train({}, (step) => step);
    expect(points.map(({ iteration }) => iteration)).toEqual([4, 8, 10]);
    expect(points.map(({ losses }) => losses.total)).toEqual([2.5, 6.5, 9.5]);
    for (const { imagesPerSecond } of points) expect(imagesPerSecond).toBeGreaterThan(0);
  });

  it('saves on the way, but leaves the last state to who publishes it', async () => {
    expect((await train()).saved).toEqual([5]);
  });

  it('goes on where it was, and does only the rest', async () => {
    const { done, rates, points } = await train({ from: 7 });
    expect(done).toBe(10);
    expect(rates).toEqual([1 / 8, 1 / 9, 1 / 10]);
    expect(points.map(({ iteration }) => iteration)).toEqual([8, 10]);
  });

  it('has nothing to do where all is done', async () => {
    expect(await train({ from: 10 })).toMatchObject({ done: 10, batches: 0, saved: [] });
  });

  it('saves and ends at the step at which it is asked to', async () => {
    const stop = new AbortController();
    const learningRateAt = (iteration: number): number => {
      if (iteration === 2) stop.abort();
      return 1;
    };
    expect(await train({ learningRateAt, signal: stop.signal })).toMatchObject({ done: 3, saved: [3] });
  });

  it('ends with the losses and what to change where they are not finite, and saves nothing after that', async () => {
    const saved: number[] = [];
    const save = (iteration: number): Promise<void> => Promise.resolve(void saved.push(iteration));
    await expect(train({ save }, (step) => (step < 7 ? 1 : NaN))).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(
        /not finite by step 8 .*lower schedule\.learning_rate \(0\.125\) or set/,
      ),
    });
    expect(saved).toEqual([5]);
  });

  it('keeps no tensor of its own', async () => {
    await train();
    const before = tf.memory().numTensors;
    await train();
    expect(tf.memory().numTensors).toBe(before);
  });
});
