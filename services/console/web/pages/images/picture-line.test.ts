import { expect, it } from 'vitest';
import { pictureLine } from './picture-line.ts';

it('loads few at a time, nearest to the middle first; who leaves is never loaded, and gives its turn back', () => {
  const line = pictureLine(2);
  const loaded: number[] = [];
  const leave = new Map<number, () => void>();
  const join = (index: number): void =>
    void leave.set(
      index,
      line.join(index, () => loaded.push(index)),
    );
  for (let index = 0; index < 10; index++) join(index);
  expect(loaded).toEqual([0, 1]);
  line.middle = 6;
  leave.get(0)?.();
  expect(loaded).toEqual([0, 1, 6]);
  // Gone while it waits: no turn is given back.
  leave.get(5)?.();
  expect(loaded).toEqual([0, 1, 6]);
  leave.get(1)?.();
  leave.get(6)?.();
  expect(loaded).toEqual([0, 1, 6, 7, 4]);
  // Twice is once.
  leave.get(6)?.();
  expect(loaded).toHaveLength(5);
  line.middle = 0;
  for (const index of [7, 4]) leave.get(index)?.();
  expect(loaded.slice(5)).toEqual([2, 3]);
  for (const index of [2, 3]) leave.get(index)?.();
  for (const index of [8, 9]) leave.get(index)?.();
  expect(loaded).toEqual([0, 1, 6, 7, 4, 2, 3, 8, 9]);
  join(50);
  expect(loaded.at(-1)).toBe(50);
});
