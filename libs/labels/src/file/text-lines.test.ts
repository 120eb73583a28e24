import { expect, it } from 'vitest';
import { collect } from '../test-labels.ts';
import { splitLines, textLines } from './text-lines.ts';

async function* from<T>(...pieces: T[]): AsyncGenerator<T> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

it('are those of the text, wherever it is cut', async () => {
  const text = 'a\n\nbß😀\nlast';
  const bytes = Buffer.from(text);
  for (let at = 0; at <= bytes.length; at++)
    expect(await collect(textLines(from(bytes.subarray(0, at), bytes.subarray(at)), 'x'))).toEqual(
      text.split('\n'),
    );
  expect(await collect(textLines(from(...[...bytes].map((byte) => Buffer.of(byte))), 'x'))).toEqual(
    text.split('\n'),
  );
  expect(await collect(textLines(from(Buffer.from('a\n')), 'x'))).toEqual(['a']);
  expect(await collect(textLines(from(), 'x'))).toEqual([]);
});

it('end where one has no end, before it fills the memory', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<string> {
    yield 'a\nb';
    for (;;) {
      given++;
      yield await Promise.resolve('x'.repeat(100));
    }
  }
  const read: string[] = [];
  await expect(
    (async () => {
      for await (const line of splitLines(endless(), { place: 'x', most: 1000 })) read.push(line);
    })(),
  ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'x: a line has more than 1000 characters' });
  expect(read).toEqual(['a']);
  expect(given).toBe(10);
});
