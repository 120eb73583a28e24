import type {} from './index.ts';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openEngine } from './open-engine.ts';
import type { EngineLogger } from './engine.ts';

const silent: EngineLogger = { info: () => undefined, warn: () => undefined };

afterEach(() => vi.unstubAllEnvs());

describe('openEngine', () => {
  it.each(['wasm', 'cpu'] as const)('opens %s with gradients and chained ops', async (name) => {
    const engine = await openEngine({ engine: name, logger: silent });
    expect(engine.name).toBe(name);
    expect(tf.getBackend()).toBe(name);
    const gradient = tf.grad((x) => x.square().sum())(tf.tensor1d([1, -2, 3]));
    expect([...(await gradient.data())]).toEqual([2, -4, 6]);
  });

  it('returns the same engine to the same choice', async () => {
    expect(await openEngine({ engine: 'cpu', logger: silent })).toBe(
      await openEngine({ engine: 'cpu', logger: silent }),
    );
  });

  it('changes between engines that are open', async () => {
    const first = await openEngine({ engine: 'cpu', logger: silent });
    await openEngine({ engine: 'wasm', logger: silent });
    await first.use();
    expect(tf.getBackend()).toBe('cpu');
  });

  it('takes the engine named by CASSL_ENGINE', async () => {
    vi.stubEnv('CASSL_ENGINE', 'cpu');
    expect((await openEngine({ logger: silent })).name).toBe('cpu');
  });

  it('names the known engines when CASSL_ENGINE is unknown', async () => {
    vi.stubEnv('CASSL_ENGINE', 'cuda');
    await expect(openEngine()).rejects.toThrow(
      "CASSL_ENGINE must be one of torch, tensorflow, wasm, cpu, got 'cuda'",
    );
  });

  it('refuses the CPU when CASSL_REQUIRE_GPU=1', async () => {
    vi.stubEnv('CASSL_REQUIRE_GPU', '1');
    await expect(openEngine({ engine: 'cpu', threads: 3, logger: silent })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });
});
