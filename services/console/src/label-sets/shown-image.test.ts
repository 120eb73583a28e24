import type { LabeledRow, StoredLabel } from '@cassl/labels';
import type { LabeledImage } from '@cassl/datasets';
import { rleToString, type Instance } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { matchTruth } from './match-truth.ts';
import { shownImage } from './shown-image.ts';
import type { Truth } from './truth.ts';

const label = (bbox: StoredLabel['bbox'], score: number, more: Partial<StoredLabel> = {}): StoredLabel => ({
  ...{ bbox, score },
  ...more,
});
const object = (box: Instance['box'], category = 0, more: Partial<Instance> = {}): Instance => ({
  ...{ box, category, crowd: false, area: 1 },
  ...more,
});
const row = (instances: readonly StoredLabel[]): LabeledRow =>
  ({ key: 'a.jpg', width: 4, height: 2, instances }) as unknown as LabeledRow;
const truthOf = (...instances: readonly Instance[]): Truth => ({
  ...{ categories: ['cat', 'dog'], classes: [] },
  images: new Map([['a.jpg', { instances } as unknown as LabeledImage]]),
});
const plain = { truth: undefined, masks: false, withClasses: false };

describe('an image as pages show it', () => {
  it('has its labels, and says of none that it is right where nobody knows', () => {
    expect(shownImage(row([label([0, 0, 2, 2], 0.5)]), 7, plain)).toEqual({
      ...{ at: 7, key: 'a.jpg', width: 4, height: 2 },
      labels: [{ box: [0, 0, 2, 2], score: 0.5, name: '' }],
    });
  });

  it('that failed has a reason and nothing else', () => {
    const failure = { code: 'INVALID_ARGUMENT' as const, message: 'is cut off' };
    const failed = { key: 'a.jpg', location: { store: '', key: '' }, failure };
    expect(shownImage(failed, 3, plain)).toEqual({
      ...{ at: 3, key: 'a.jpg', width: 0, height: 0 },
      ...{ failure, labels: [] },
    });
  });

  it('beside its truth says what is true, what was found, and what is what', () => {
    const truth = truthOf(object([0, 0, 2, 2], 1), object([3, 0, 4, 1], 0));
    const { labels, objects } = shownImage(row([label([0, 0, 2, 2], 0.9)]), 0, { ...plain, truth });
    expect(labels).toEqual([{ box: [0, 0, 2, 2], score: 0.9, name: '', isRight: true }]);
    expect(objects).toEqual([
      { box: [0, 0, 2, 2], name: 'dog', isRight: true },
      { box: [3, 0, 1, 1], name: 'cat', isRight: false },
    ]);
  });

  it('that nobody looked at has no truth, where others have', () => {
    const others: Truth = { ...truthOf(), images: new Map() };
    expect(shownImage(row([label([0, 0, 2, 2], 0.9)]), 0, { ...plain, truth: others })).not.toHaveProperty(
      'objects',
    );
  });

  it('leaves crowds out: they are neither found nor missed', () => {
    const truth = truthOf(object([0, 0, 4, 2], 0, { crowd: true }), object([0, 0, 2, 2], 9));
    const { objects } = shownImage(row([]), 0, { ...plain, truth });
    // Of a class that the data set does not name.
    expect(objects).toEqual([{ box: [0, 0, 2, 2], name: '', isRight: false }]);
  });

  it('has masks only for who asks for them', () => {
    const rle = rleToString({ height: 2, width: 4, counts: Uint32Array.of(2, 4, 2) });
    const mask = { height: 2, width: 4, counts: Uint32Array.of(0, 8) };
    const truth = truthOf(object([0, 0, 4, 2], 0, { mask }));
    const labeled = row([label([1, 0, 2, 2], 0.9, { rle }), label([0, 0, 1, 1], 0.1)]);
    const withMasks = shownImage(labeled, 0, { ...plain, truth, masks: true });
    expect(withMasks.labels.map(({ runs }) => runs)).toEqual([[2, 4, 2], undefined]);
    expect(withMasks.objects?.map(({ runs }) => runs)).toEqual([[0, 8]]);
    expect(JSON.stringify(shownImage(labeled, 0, { ...plain, truth }))).not.toContain('runs');
  });

  it('names labels by the classes of their truth where they have classes', () => {
    const truth = truthOf(object([0, 0, 2, 2], 1));
    const labels = [label([0, 0, 2, 2], 0.9, { category: 0 }), label([0, 0, 2, 2], 0.8, { category: 1 })];
    const shown = shownImage(row(labels), 0, { truth, masks: false, withClasses: true });
    // The surer one is of another class: the other one finds the dog.
    expect(shown.labels.map(({ name, isRight }) => [name, isRight])).toEqual([
      ['cat', false],
      ['dog', true],
    ]);
  });
});

describe('labels against their truth', () => {
  it('of nothing are all false, and find nothing', () => {
    expect(matchTruth([label([0, 0, 2, 2], 1)], [])).toEqual({ isTrue: [false], isFound: [] });
    expect(matchTruth([], [object([0, 0, 2, 2])])).toEqual({ isTrue: [], isFound: [false] });
  });

  it('are true from half an overlap on', () => {
    const wide = (width: number): boolean | undefined =>
      matchTruth([label([0, 0, width, 10], 1)], [object([0, 0, 10, 10])]).isTrue[0];
    expect([wide(4.9), wide(5), wide(10), wide(20), wide(20.1)]).toEqual([false, true, true, true, false]);
  });

  it('take the object that they cover best, though another one would do', () => {
    const objects = [object([0, 0, 10, 7]), object([0, 0, 10, 10])];
    expect(matchTruth([label([0, 0, 10, 10], 0.9)], objects).isFound).toEqual([false, true]);
    // The one that is left goes to the next.
    const both = matchTruth([label([0, 0, 10, 10], 0.9), label([0, 0, 10, 9], 0.8)], objects);
    expect(both).toEqual({ isTrue: [true, true], isFound: [true, true] });
  });

  it('without extent cover nothing', () => {
    const flat = matchTruth([label([5, 5, 0, 0], 1)], [object([5, 5, 5, 5])]);
    expect(flat).toEqual({ isTrue: [false], isFound: [false] });
  });
});
