import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answerInOrder, shareHold, type StreamWindow } from './answer-in-order.ts';

/** Requests that are answered when the test says so. */
function script(bytes = 1) {
  const pending: PromiseWithResolvers<string>[] = [];
  return {
    get started() {
      return pending.length;
    },
    answer: (index: number, text = `answer ${index}`) => pending[index]?.resolve(text),
    fail: (index: number, error: Error) => pending[index]?.reject(error),
    start: () => {
      const next = Promise.withResolvers<string>();
      pending.push(next);
      return { answers: [next.promise], bytes };
    },
  };
}

async function* numbers(count = Infinity): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield await Promise.resolve(number);
}

const WIDE: StreamWindow<string> = { answers: 100, bytes: Infinity };
const settle = (): Promise<void> => delay(10);

describe('answers in order', () => {
  it('come in the order of their requests, whichever is ready first', async () => {
    const { start, answer } = script();
    const answers = answerInOrder(numbers(3), start, WIDE);
    const first = answers.next();
    await settle();
    answer(2);
    answer(1);
    answer(0);
    expect(await first).toEqual({ done: false, value: 'answer 0' });
    expect((await answers.next()).value).toBe('answer 1');
    expect((await answers.next()).value).toBe('answer 2');
    expect((await answers.next()).done).toBe(true);
  });

  it('of no requests are none', async () => {
    expect(await answerInOrder(numbers(0), script().start, WIDE).next()).toEqual({
      done: true,
      value: undefined,
    });
  });

  it('may be several to a request, or none', async () => {
    const start = (number: number) => ({
      answers: Array.from({ length: number }, (_, at) => Promise.resolve(`${number}.${at}`)),
      bytes: 1,
    });
    const seen: string[] = [];
    for await (const answer of answerInOrder(numbers(4), start, { ...WIDE, bytes: 2 })) seen.push(answer);
    expect(seen).toEqual(['1.0', '2.0', '2.1', '3.0', '3.1', '3.2']);
  });

  it('that fail come in their turn, after those before them', async () => {
    const { start, answer, fail } = script();
    const answers = answerInOrder(numbers(3), start, WIDE);
    const first = answers.next();
    await settle();
    fail(1, new Error('second failed'));
    answer(0);
    expect((await first).value).toBe('answer 0');
    await expect(answers.next()).rejects.toThrow('second failed');
    expect((await answers.next()).done).toBe(true);
  });

  it('end with the fault of the requests, after those that were read are answered', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield await Promise.resolve(0);
      throw new Error('the client went away');
    }
    const { start, answer } = script();
    const answers = answerInOrder(broken(), start, WIDE);
    const first = answers.next();
    await settle();
    answer(0);
    expect((await first).value).toBe('answer 0');
    await expect(answers.next()).rejects.toThrow('the client went away');
  });

  it('end with the fault of a request that cannot be started', async () => {
    const start = (): never => {
      throw new Error('names no model');
    };
    await expect(answerInOrder(numbers(3), start, WIDE).next()).rejects.toThrow('names no model');
  });
});

describe('the window of a stream', () => {
  it('bounds the requests that are read ahead', async () => {
    const used = script();
    const answers = answerInOrder(numbers(), used.start, { ...WIDE, answers: 4 });
    const first = answers.next();
    await settle();
    expect(used.started).toBe(4);
    used.answer(0);
    await first;
    // The one that was read is still held: nobody asked for the next yet.
    await settle();
    expect(used.started).toBe(4);
    void answers.next();
    await settle();
    expect(used.started).toBe(5);
    used.answer(1);
    await answers.return(undefined);
  });

  it('bounds the bytes of requests, and lets one that is larger through alone', async () => {
    const used = script(60);
    const answers = answerInOrder(numbers(), used.start, { ...WIDE, bytes: 100 });
    const first = answers.next();
    await settle();
    expect(used.started).toBe(2);
    used.answer(0);
    await first;
    const large = script(1000);
    const others = answerInOrder(numbers(), large.start, { ...WIDE, bytes: 100 });
    const next = others.next();
    await settle();
    expect(large.started).toBe(1);
    large.answer(0);
    expect((await next).value).toBe('answer 0');
    used.answer(1);
    await Promise.all([answers.return(undefined), others.return(undefined)]);
  });

  it('bounds the bytes of answers that nobody reads', async () => {
    const used = script(1);
    const window = { ...WIDE, bytes: 10, sizeOf: (answer: string) => answer.length };
    const answers = answerInOrder(numbers(), used.start, window);
    const first = answers.next();
    await settle();
    expect(used.started).toBe(10);
    for (let index = 0; index < 10; index++) used.answer(index, 'x'.repeat(50));
    await first;
    await settle();
    expect(used.started).toBe(10);
    await answers.return(undefined);
  });

  it('of all streams together leaves each one request, and is given back however a stream ends', async () => {
    const together = shareHold({ bytes: 100, answers: Infinity });
    const one = script(80);
    const two = script(80);
    const first = answerInOrder(numbers(), one.start, { ...WIDE, together });
    const second = answerInOrder(numbers(), two.start, { ...WIDE, together });
    const [a, b] = [first.next(), second.next()];
    await settle();
    expect([one.started + two.started, together.bytes]).toEqual([3, 240]);
    expect(Math.min(one.started, two.started)).toBe(1);
    one.answer(0);
    two.fail(0, new Error('broken'));
    await a;
    await expect(b).rejects.toThrow('broken');
    await first.return(undefined);
    await settle();
    expect(together).toMatchObject({ bytes: 0, answers: 0 });
  });

  it('of all streams together bounds what is computed ahead of their readers', async () => {
    const together = shareHold({ bytes: Infinity, answers: 5 });
    const scripts = [script(), script(), script()];
    const streams = scripts.map(({ start }) => answerInOrder(numbers(), start, { ...WIDE, together }));
    const asked = streams.map((stream) => stream.next());
    await settle();
    // Whoever comes when all is taken has one.
    expect(together.answers).toBe(scripts.reduce((sum, { started }) => sum + started, 0));
    expect(together.answers).toBeLessThanOrEqual(5 + 2);
    for (const { started, answer } of scripts) {
      expect(started).toBeGreaterThanOrEqual(1);
      answer(0);
    }
    await Promise.all(asked);
    await Promise.all(streams.map((stream) => stream.return(undefined)));
    await settle();
    expect(together.answers).toBe(0);
  });
});

it('a stream that is left reads no more requests', async () => {
  const used = script();
  const answers = answerInOrder(numbers(), used.start, { ...WIDE, answers: 2 });
  const first = answers.next();
  await settle();
  used.answer(0);
  await first;
  await answers.return(undefined);
  const before = used.started;
  used.answer(1);
  await settle();
  expect(used.started).toBe(before);
});
