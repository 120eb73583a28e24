import { describe, expect, it } from 'vitest';
import { isEverything, NO_FILTER, ORDERS, selectImages, SHOWN, type ImageFilter } from './select-images.ts';
import { createColumns, seenOf, type SetColumns } from './set-columns.ts';

interface Row {
  readonly best: number;
  readonly labels: number;
  readonly sizes?: readonly [smallest: number, largest: number];
  readonly falsePositives?: number;
  readonly missed?: number;
  readonly objects?: number;
  readonly classes?: readonly number[];
}

/** Columns as a thread fills them. */
function columnsOf(rows: readonly Row[]): SetColumns {
  const columns = createColumns(rows.length);
  rows.forEach((row, at) => {
    columns.best[at] = row.best;
    columns.labels[at] = row.labels;
    [columns.smallest[at], columns.largest[at]] = row.sizes ?? [0, 0];
    columns.falsePositives[at] = row.falsePositives ?? 0;
    columns.missed[at] = row.missed ?? 0;
    columns.objects[at] = row.objects ?? 0;
    columns.classes[at] = (row.classes ?? []).reduce((bits, index) => bits | (1 << index), 0);
  });
  Atomics.store(columns.progress, 0, rows.length);
  return columns;
}

const FAILED: Row = { best: -1, labels: 0 };
const EMPTY: Row = { best: 0, labels: 0 };

function chosen(rows: readonly Row[], filter: Partial<ImageFilter>, seen = rows.length): number[] {
  return [...selectImages(columnsOf(rows), { ...NO_FILTER, ...filter }, seen)];
}

describe('the images that a filter leaves', () => {
  const rows: readonly Row[] = [
    { best: 0.9, labels: 2, sizes: [0.1, 0.5], falsePositives: 1, missed: 0, objects: 1, classes: [0] },
    EMPTY,
    FAILED,
    { best: 0.3, labels: 1, sizes: [0.2, 0.2], falsePositives: 0, missed: 2, objects: 3, classes: [0, 31] },
    { best: 1, labels: 5, sizes: [0.9, 1], falsePositives: 5, missed: 0, objects: 0 },
  ];

  it.each([
    ['all', [0, 1, 2, 3, 4]],
    ['labeled', [0, 3, 4]],
    ['empty', [1]],
    ['failed', [2]],
    ['false-positives', [0, 4]],
    ['missed', [3]],
  ] as const)('show %s', (show, expected) => expect(chosen(rows, { show })).toEqual(expected));

  it('lie between two scores, both ends among them', () => {
    expect(chosen(rows, { minScore: 0.25 })).toEqual([0, 3, 4]);
    expect(chosen(rows, { maxScore: 0.95, show: 'labeled' })).toEqual([0, 3]);
    expect(chosen(rows, { minScore: 1 })).toEqual([4]);
    expect(chosen(rows, { minScore: 0.8, maxScore: 0.2 })).toEqual([]);
  });

  it('have a label of at least, and one of at most, a size', () => {
    expect(chosen(rows, { minSize: 0.45 })).toEqual([0, 4]);
    expect(chosen(rows, { maxSize: 0.15 })).toEqual([0]);
    // Where nothing is labeled no label is small.
    expect(chosen(rows, { maxSize: 0.95 })).toEqual([0, 3, 4]);
    expect(chosen(rows, { minSize: 0.3, maxSize: 0.2 })).toEqual([0]);
  });

  it('have an object of a class, up to the last that fits', () => {
    expect(chosen(rows, { category: 0 })).toEqual([0, 3]);
    expect(chosen(rows, { category: 31 })).toEqual([3]);
    expect(chosen(rows, { category: 30 })).toEqual([]);
  });

  it('are those that were looked at so far', () => {
    expect(chosen(rows, {}, 2)).toEqual([0, 1]);
    expect(chosen(rows, { show: 'failed' }, 2)).toEqual([]);
    expect(seenOf(columnsOf(rows))).toBe(5);
    expect(seenOf(createColumns(7))).toBe(0);
  });

  it('of no image are none', () => {
    for (const show of SHOWN) for (const order of ORDERS) expect(chosen([], { show, order })).toEqual([]);
  });
});

describe('the order of images', () => {
  const labeled = (best: number): Row => ({ best, labels: 1 });
  const rows = [labeled(0.5), FAILED, labeled(0.9), EMPTY, labeled(0.1), labeled(0.5)];

  it('is the pool’s own, the surest first, or the least sure first', () => {
    expect(chosen(rows, { order: 'pool' })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(chosen(rows, { order: 'best-score' })).toEqual([2, 0, 5, 4, 3, 1]);
    // What has no label is not unsure of one.
    expect(chosen(rows, { order: 'worst-score' })).toEqual([4, 0, 5, 2, 1, 3]);
  });

  it('has what is most wrong first', () => {
    const judged = (falsePositives: number, missed: number, objects: number): Row => ({
      ...{ best: 0.5, labels: 1 },
      ...{ falsePositives, missed, objects },
    });
    const wrong = [judged(3, 0, 9), judged(1, 0, 0), judged(0, 2, 4), judged(0, 0, 5)];
    expect(chosen(wrong, { order: 'false-positives' })).toEqual([0, 1, 2, 3]);
    // Of all that is labeled or there: 3/12, 1/1, 2/4 and 0/5.
    expect(chosen(wrong, { order: 'disagreement' })).toEqual([1, 2, 0, 3]);
  });

  it('holds for what a filter leaves', () => {
    expect(chosen(rows, { order: 'worst-score', show: 'labeled', minScore: 0.4 })).toEqual([0, 5, 2]);
  });

  it('orders by score as comparing does, up to the steps of the sort', () => {
    const many = Array.from({ length: 5000 }, (_, index) => labeled(((index * 7919) % 5000) / 5000 + 0.0001));
    const ordered = chosen(many, { order: 'best-score' }).map((at) => many[at]?.best ?? 0);
    ordered.forEach((best, index) =>
      expect(best).toBeLessThanOrEqual((ordered[index - 1] ?? 2) + 1 / 65_535),
    );
  });
});

describe('no filter', () => {
  it('is told from every other, so that nothing has to be looked at', () => {
    expect(isEverything({ ...NO_FILTER })).toBe(true);
    const changes: readonly Partial<ImageFilter>[] = [
      ...([{ show: 'failed' }, { order: 'best-score' }, { category: 0 }] as const),
      ...[{ minScore: 0.01 }, { maxScore: 0.99 }, { minSize: 0.01 }, { maxSize: 0.99 }],
    ];
    for (const change of changes) expect(isEverything({ ...NO_FILTER, ...change })).toBe(false);
  });
});
