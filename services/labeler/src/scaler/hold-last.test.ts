import { describe, expect, it } from 'vitest';
import { holdLast } from './hold-last.ts';

/** A reading that works or does not, and a clock. */
function scripted() {
  const state = { now: 0, value: 7 as number | Error };
  const read = holdLast(
    () => (state.value instanceof Error ? Promise.reject(state.value) : Promise.resolve(state.value)),
    { maxAgeMs: 1000, now: () => state.now },
  );
  return { state, read };
}

describe('the amount of work for a scaler', () => {
  it('is what is read', async () => {
    const { state, read } = scripted();
    expect(await read()).toBe(7);
    state.value = 0;
    expect(await read()).toBe(0);
  });

  it('is the last one known while nothing can be read, for a while', async () => {
    const { state, read } = scripted();
    await read();
    state.value = new Error('the broker is away');
    for (const now of [0, 500, 1000]) {
      state.now = now;
      expect(await read()).toBe(7);
    }
    state.now = 1001;
    await expect(read()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the amount of work is not known now: the broker is away',
    });
  });

  it('is never guessed', async () => {
    const { state, read } = scripted();
    state.value = new Error('not started');
    await expect(read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is known again as soon as it can be read', async () => {
    const { state, read } = scripted();
    await read();
    state.value = new Error('away');
    state.now = 5000;
    await expect(read()).rejects.toThrow('away');
    state.value = 3;
    expect(await read()).toBe(3);
    state.value = new Error('away');
    state.now = 5900;
    expect(await read()).toBe(3);
  });
});
