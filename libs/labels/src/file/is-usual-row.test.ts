import { expect, it } from 'vitest';
import { isUsualRow } from './is-usual-row.ts';
import { parseRow } from './label-row.ts';

const label = { bbox: [1, 2, 3, 0], score: 0.5, category: 0, rle: 'abc' };
const row = {
  key: 'a.jpg',
  sha256: 'sha256:1',
  location: { store: 'file:///photos', key: 'a.jpg' },
  width: 4,
  height: 3,
  instances: [label, { bbox: [0, 0, 1, 1], score: 1 }],
  checkpoint: 'c',
  threshold: 0.05,
};

it('a row as labelings write it needs no schema', () => {
  for (const usual of [row, { ...row, instances: [] }]) {
    expect(isUsualRow(usual)).toBe(true);
    expect(parseRow(JSON.stringify(usual))).toEqual(usual);
  }
});

it('what the schema refuses is never usual', () => {
  const { key: _, ...keyless } = row;
  const withLabel = (change: object): object => ({ ...row, instances: [{ ...label, ...change }] });
  const wrong: unknown[] = [
    null,
    [],
    'a',
    keyless,
    { ...keyless, extra: 'a.jpg' },
    { ...row, extra: 1 },
    { ...row, key: '' },
    { ...row, key: 1 },
    { ...row, sha256: null },
    { ...row, checkpoint: {} },
    { ...row, threshold: '0.5' },
    ...[0, -1, 1.5, 2 ** 53, '4', null].flatMap((size) => [
      { ...row, width: size },
      { ...row, height: size },
    ]),
    { ...row, location: { store: 'file:///photos' } },
    { ...row, location: { store: 'file:///photos', key: 1 } },
    { ...row, location: { store: 'file:///photos', key: 'a.jpg', extra: 1 } },
    { ...row, location: { store: 'file:///photos', key: 'a.tar', range: { start: -1, end: 2 } } },
    { ...row, instances: {} },
    { ...row, instances: [null] },
    { ...row, instances: [[1]] },
    ...[[1, 2, 3], [1, 2, 3, 4, 5], [1, 2, -3, 4], [1, 2, 3, -4], [1, '2', 3, 4], {}, null].map((bbox) =>
      withLabel({ bbox }),
    ),
    ...[-0.1, 1.1, '0.5', null].map((score) => withLabel({ score })),
    ...[-1, 0.5, '0', null].map((category) => withLabel({ category })),
    ...[1, null, {}].map((rle) => withLabel({ rle })),
    withLabel({ extra: 1 }),
  ];
  for (const value of wrong) {
    expect(isUsualRow(value), JSON.stringify(value)).toBe(false);
    expect(() => parseRow(JSON.stringify(value)), JSON.stringify(value)).toThrow(/pseudo label/);
  }
  expect(() => parseRow(JSON.stringify(row).replace('"threshold":0.05', '"threshold":1e999'))).toThrow(
    /threshold/,
  );
});

it('what the schema takes beside that is taken by it', () => {
  const packed = { ...row, location: { ...row.location, range: { start: 512, end: 900 } } };
  expect(isUsualRow(packed)).toBe(false);
  expect(parseRow(JSON.stringify(packed))).toEqual(packed);
});
