import { expect, it } from 'vitest';
import { takeTurns } from './take-turns.ts';

it('runs two at a time, the others in their order; refuses one too many, and forgets who leaves', async () => {
  const inTurn = takeTurns({ what: 'checks', atOnce: 2, waiting: 2 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const start = (number: number, signal = new AbortController().signal): Promise<number> =>
    inTurn(signal, async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    });
  const leaving = new AbortController();
  const first = [start(0), start(1)];
  const leaves = start(2, leaving.signal);
  const waits = start(3);
  await expect(start(4)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    message: '2 checks are running and 2 wait: ask again later',
  });
  leaving.abort(new Error('the client left'));
  await expect(leaves).rejects.toThrow('the client left');
  const waitsToo = start(5);
  expect(begun).toEqual([0, 1]);
  ends[0]!();
  ends[1]!();
  expect(await Promise.all(first)).toEqual([0, 1]);
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1, 3, 5]);
  ends[2]!();
  ends[3]!();
  expect(await Promise.all([waits, waitsToo])).toEqual([3, 5]);
  // All turns are given back.
  const again = start(6);
  await new Promise(setImmediate);
  ends[4]!();
  expect(await again).toBe(6);
});

it('takes no turn for who has left before', async () => {
  const inTurn = takeTurns({ what: 'checks', atOnce: 1, waiting: 0 });
  await expect(inTurn(AbortSignal.abort(new Error('gone')), () => Promise.resolve(1))).rejects.toThrow(
    'gone',
  );
  expect(await inTurn(new AbortController().signal, () => Promise.resolve(2))).toBe(2);
});

it('whoever leaves just when it gets its turn takes nobody else’s', async () => {
  for (let moment = 0; moment < 12; moment++) {
    const inTurn = takeTurns({ what: 'checks', atOnce: 1, waiting: 2 });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const leaving = new AbortController();
    const first = inTurn(new AbortController().signal, () => ended);
    const leaves = inTurn(leaving.signal, () => Promise.resolve()).catch(() => undefined);
    const last = inTurn(new AbortController().signal, () => Promise.resolve('done'));
    end();
    for (let step = 0; step < moment; step++) await Promise.resolve();
    leaving.abort(new Error('the client left'));
    await Promise.all([first, leaves]);
    expect(await last, `left ${moment} steps after the end`).toBe('done');
  }
});
