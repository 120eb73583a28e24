import { expect, it } from 'vitest';
import { matchTruth } from './match-truth.ts';

const label = (score: number, bbox: [number, number, number, number]) => ({ score, bbox });
const object = (box: [number, number, number, number]) => ({ box, category: 0, crowd: false, area: 1 });

it('gives each object to the surest label that covers it, and to no other', () => {
  const labels = [label(0.4, [0, 0, 10, 10]), label(0.9, [0, 0, 10, 9]), label(0.8, [50, 50, 10, 10])];
  const { isTrue, isFound } = matchTruth(labels, [object([0, 0, 10, 10]), object([80, 80, 90, 90])]);
  expect(isTrue).toEqual([false, true, false]);
  expect(isFound).toEqual([true, false]);
});
