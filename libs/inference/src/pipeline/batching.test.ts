import { describe, expect, it } from 'vitest';
import { fullBatches, lateBatches, type Batching } from './batching.ts';

interface Picture {
  readonly name: string;
  readonly fit: { resized: Size; padded: Size };
  readonly priority: number;
}
type Size = Readonly<Record<'width' | 'height', number>>;

/** `wide 3` is picture 3, of the size that its first word names. */
function picture(name: string, priority = 5): Picture {
  const width = name.startsWith('wide') ? 64 : 32;
  const size = { width, height: 48 };
  return { name, fit: { resized: size, padded: size }, priority };
}

function allOf(batching: Batching<Picture>): string[][] {
  const taken: string[][] = [];
  for (let batch = batching.take(); batch !== undefined; batch = batching.take())
    taken.push(batch.map(({ name }) => name));
  return taken;
}

describe('full batches', () => {
  const names = ['wide 0', 'tall 1', 'wide 2', 'wide 3', 'tall 4', 'wide 5', 'wide 6'];
  const expected = [
    ['wide 0', 'wide 2', 'wide 3'],
    ['tall 1', 'tall 4'],
    ['wide 5', 'wide 6'],
  ];

  it('are the same whichever image is decoded first', () => {
    for (const order of [
      [0, 1, 2, 3, 4, 5, 6],
      [6, 5, 4, 3, 2, 1, 0],
      [3, 0, 6, 1, 4, 2, 5],
    ]) {
      const batching = fullBatches<Picture>(3, 9);
      batching.flush(names.length);
      const taken = order.flatMap((index) => {
        batching.add(index, picture(names[index]!));
        return allOf(batching);
      });
      expect(taken).toEqual(expected);
    }
  });

  it('wait for company only until the flush', () => {
    const batching = fullBatches<Picture>(3, 9);
    names.forEach((name, index) => batching.add(index, picture(name)));
    expect(allOf(batching)).toEqual(expected.slice(0, 1));
    batching.flush(names.length);
    expect(allOf(batching)).toEqual(expected.slice(1));
  });

  it('go without an image that failed', () => {
    const batching = fullBatches<Picture>(2, 9);
    batching.add(1, picture('wide 1'));
    batching.add(2, picture('wide 2'));
    expect(allOf(batching)).toEqual([]);
    batching.add(0, undefined);
    expect(allOf(batching)).toEqual([['wide 1', 'wide 2']]);
  });

  it('let nothing wait behind more than the bound', () => {
    const batching = fullBatches<Picture>(3, 3);
    ['tall 0', 'wide 1', 'tall 2'].forEach((name, index) => batching.add(index, picture(name)));
    expect(allOf(batching)).toEqual([]);
    batching.add(3, picture('wide 3'));
    expect(allOf(batching)).toEqual([['tall 0', 'tall 2']]);
  });
});

it('late batches take the most urgent and those of its size', () => {
  const batching = lateBatches<Picture>(8);
  ['wide 0', 'tall 1', 'wide 2'].forEach((name, index) =>
    batching.add(index, picture(name, name === 'tall 1' ? 1 : 5)),
  );
  expect(allOf(batching)).toEqual([['tall 1'], ['wide 0', 'wide 2']]);
});
