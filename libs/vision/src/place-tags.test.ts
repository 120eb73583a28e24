import { describe, expect, it } from 'vitest';
import { placeTags, type Tag } from './place-tags.ts';
import type { Xyxy } from './types.ts';

const PICTURE = { width: 100, height: 100 };
const tag = (...box: Xyxy): Tag => ({ box, width: 30, height: 10 });
const places = (...tags: Tag[]): number[][] => placeTags(tags, PICTURE).map(({ x, y }) => [x, y]);

describe('tags of boxes', () => {
  it.each([
    ['above it', tag(20, 40, 60, 80), [20, 30]],
    ['inside where there is no room above', tag(20, 4, 60, 80), [20, 4]],
    ['inside of the picture at its right', tag(90, 40, 99, 80), [70, 30]],
    ['inside of the picture at its left and top', tag(-5, -5, 60, 80), [0, 0]],
  ])('stand %s', (_, one, place) => {
    expect(places(one)).toEqual([place]);
  });

  it('of the same box stand above, inside at the top, inside at the bottom and below it', () => {
    const box = tag(20, 40, 60, 80);
    expect(places(box, box, box, box)).toEqual([
      [20, 30],
      [20, 40],
      [20, 70],
      [20, 80],
    ]);
    // Nothing is free for a fifth, which covers less of the others at the right.
    expect(places(box, box, box, box, box)[4]).toEqual([30, 30]);
  });

  it('stand at the right end where nothing is free at the left', () => {
    const box = tag(0, 0, 70, 20);
    expect(places(box, box, box, box)).toEqual([
      [0, 0],
      [0, 10],
      [0, 20],
      [40, 0],
    ]);
  });

  it('beside each other stay where they are, and those that touch do not count as covered', () => {
    expect(places(tag(0, 40, 30, 80), tag(30, 40, 60, 80), tag(45, 44, 80, 80))).toEqual([
      [0, 30],
      [30, 30],
      [45, 44],
    ]);
  });
});
