import { notFound } from '@cassl/errors';
import { expect, it } from 'vitest';
import { pinModels } from './pin-models.ts';

it('is ready exactly while every pinned model is warm, and waits for one that is not published yet', async () => {
  const stopping = new AbortController();
  const said: boolean[] = [];
  const state = { isWarm: true, attempts: 0 };
  const running = pinModels({
    names: ['a', 'b'],
    inference: {
      isReady: () => state.isWarm,
      load: (name) => {
        state.attempts += 1;
        return name === 'b' && state.attempts < 3
          ? Promise.reject(notFound('b'))
          : Promise.resolve({} as never);
      },
    },
    setReady: (isReady) => said.push(isReady),
    logger: { info: () => undefined, warn: () => undefined },
    signal: stopping.signal,
  });
  await expect.poll(() => said, { timeout: 10_000 }).toEqual([false, true]);
  state.isWarm = false;
  await expect.poll(() => said, { timeout: 10_000 }).toEqual([false, true, false]);
  stopping.abort();
  await running;
});
