import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import { cellsOf, htmlOf, textOf } from '../../drawn.fixture.ts';
import { BoxList } from './box-list.tsx';
import { Boxes, verdict } from './boxes.tsx';
import { ImageFilters } from './image-filters.tsx';
import type { ShownBox, ShownImage } from './image-types.ts';
import { Outlines } from './outlines.tsx';

const HOSTILE = '</text><script>hacked()</script>';
const NULL = null as unknown as number;
const box = (changes: Partial<ShownBox> = {}): ShownBox => ({ box: [1, 2, 3.25, 4], name: '', ...changes });
const image = (changes: Partial<ShownImage>): ShownImage => ({
  ...{ at: 0, key: 'a.jpg', width: 84, height: 42, labels: [] },
  ...changes,
});

describe('the list of boxes', () => {
  it('has labels and objects with their verdicts, to read off', () => {
    const labels = [
      box({ score: 0.9, isRight: true, name: 'cat' }),
      box({ score: 0.12345, isRight: false }),
      box({ score: 0.5 }),
    ];
    const objects = [box({ name: 'dog', isRight: false }), box({ name: 'cat', isRight: true })];
    const [head, ...rows] = cellsOf(h(BoxList, { image: image({ labels, objects }) }));
    expect(head).toEqual(['what', 'score', 'x', 'y', 'width', 'height', 'verdict']);
    const place = ['1.0', '2.0', '3.3', '4.0'];
    expect(rows).toEqual([
      ['cat', '0.900', ...place, 'true'],
      ['label', '0.123', ...place, 'false'],
      ['label', '0.500', ...place, ''],
      ['dog', '', ...place, 'missed'],
      ['cat', '', ...place, 'found'],
    ]);
  });

  it('counts objects only where somebody looked for them', () => {
    const summary = (given: Partial<ShownImage>): string =>
      /<summary>(.*?)<\/summary>/.exec(htmlOf(h(BoxList, { image: image(given) })))?.[1] ?? '';
    expect(summary({})).toBe('0 labels');
    expect(summary({ labels: [box()], objects: [] })).toBe('1 labels, 0 true objects');
  });

  it('shows numbers that are none as dashes, and names as text', () => {
    const labels = [box({ score: NULL, box: [NULL, 2, NULL, 4], name: HOSTILE })];
    const list = h(BoxList, { image: image({ labels }) });
    expect(cellsOf(list)[1]).toEqual([HOSTILE, '–', '–', '2.0', '–', '4.0', '']);
    expect(htmlOf(list)).not.toContain('<script>');
  });
});

describe('boxes over a picture', () => {
  const size = { width: 84, height: 42 };
  const drawn = (boxes: readonly ShownBox[]): string => htmlOf(h(Boxes, { image: size, boxes }));

  it('stand where they are in the picture, however large it is shown', () => {
    const html = drawn([box({ box: [10, 20, 30, 15] })]);
    expect(html).toContain('viewBox="0 0 84 42"');
    expect(html).toMatch(
      /<rect [^>]*x="10" y="20" width="30" height="15" vector-effect="non-scaling-stroke"/,
    );
  });

  it('have name and score above them, or inside at the upper end', () => {
    expect(drawn([box({ box: [10, 20, 30, 15], name: 'cat', score: 0.876 })])).toContain(
      '<text x="10" y="19.5" font-size="2">cat 0.88</text>',
    );
    expect(drawn([box({ box: [10, 1, 30, 15], score: 0.5 })])).toContain(
      '<text x="10" y="3" font-size="2">0.50</text>',
    );
    expect(drawn([box({ name: HOSTILE })])).not.toContain('<script>');
    expect(drawn([box({ name: 'cat', score: NULL })])).toContain('>cat –</text>');
  });

  it('of objects upon each other have texts beside each other', () => {
    const [cat, dog] = [
      box({ box: [10, 20, 30, 15], name: 'cat' }),
      box({ box: [10, 20.5, 30, 15], name: 'dog' }),
    ];
    const lines = [...drawn([cat, dog]).matchAll(/<text x="10" y="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(lines).toHaveLength(2);
    expect(Math.abs((lines[0] ?? 0) - (lines[1] ?? 0))).toBeGreaterThan(2);
  });

  it('in a grid are one line a verdict, without texts and without what has no place', () => {
    const boxes = [
      box({ box: [10, 20, 30, 15], name: 'cat', isRight: true }),
      box({ box: [1, 2, 3, 4], isRight: true }),
      box({ box: [5, 6, 7, 8], isRight: false }),
      box({ box: [5, NULL, 7, 8], isRight: false }),
    ];
    const html = htmlOf(h(Outlines, { image: size, boxes }));
    expect(html).not.toContain('<text');
    expect([...html.matchAll(/class="(\w+)" d="([^"]*)"/g)].map(([, ...found]) => found)).toEqual([
      ['right', 'M10 20h30v15h-30zM1 2h3v4h-3z'],
      ['wrong', 'M5 6h7v8h-7z'],
    ]);
  });

  it('tell right from wrong by more than colour', () => {
    expect([verdict(true), verdict(false), verdict(undefined)]).toEqual(['right', 'wrong', 'unknown']);
    const boxes = [box({ isRight: true }), box({ isRight: false }), box()];
    expect([...drawn(boxes).matchAll(/<rect class="(\w+)"/g)].map(([, name]) => name)).toEqual([
      'right',
      'wrong',
      'unknown',
    ]);
  });
});

describe('filters', () => {
  const drawn = (query: string, categories: readonly string[] | null): string =>
    htmlOf(h(ImageFilters, { query: new URLSearchParams(query), categories }));
  const options = (html: string): string[] =>
    [...html.matchAll(/<option[^>]*value="([^"]*)"/g)].map(([, value = '']) => value);

  it('offer what needs truth only where there is some', () => {
    const withTruth = ['false-positives', 'missed', 'disagreement'];
    const bare = options(drawn('', null));
    expect(bare.filter((value) => withTruth.includes(value))).toEqual([]);
    expect(bare).toEqual(
      expect.arrayContaining(['all', 'labeled', 'empty', 'failed', 'pool', 'worst-score']),
    );
    expect(options(drawn('', ['cat']))).toEqual(expect.arrayContaining([...withTruth, '-1', '0']));
  });

  it('offer the classes that columns can hold', () => {
    const many = Array.from({ length: 80 }, (_, index) => `class ${index}`);
    const html = drawn('', many);
    expect(html).toContain('class 31');
    expect(html).not.toContain('class 32');
  });

  it('are as the address says', () => {
    const html = drawn('show=empty&order=worst-score&minScore=0.25&maxSize=0.5', null);
    expect(html).toMatch(/<option[^>]*selected[^>]*value="empty"|<option[^>]*value="empty"[^>]*selected/);
    expect([...html.matchAll(/type="number"[^>]*value="([^"]*)"/g)].map(([, value]) => value)).toEqual([
      '0.25',
      '1',
      '0',
      '0.5',
    ]);
    expect(textOf(h(ImageFilters, { query: new URLSearchParams(), categories: [HOSTILE] }))).toContain(
      HOSTILE,
    );
    expect(drawn('', [HOSTILE])).not.toContain('<script>');
  });
});
