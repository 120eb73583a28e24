import { expect, it } from 'vitest';
import { agreement } from './agreement.ts';
import { startTrial } from './trial.ts';

const found = (x: number, category = 0, score = 0.9) => ({
  box: [x, 0, x + 10, 10] as const,
  category,
  score,
});

it('agrees with itself, not with another category or place, and by halves', () => {
  expect(agreement([], [])).toBe(1);
  expect(agreement([found(0), found(30)], [found(1), found(30)])).toBe(1);
  expect(agreement([found(0)], [found(0, 1)])).toBe(0);
  expect(agreement([found(0)], [])).toBe(0);
  expect(agreement([found(0), found(30)], [found(0)])).toBeCloseTo(2 / 3);
});

it('rolls a trial back when too many requests fail, not before there are enough', () => {
  const ended: string[] = [];
  const trial = startTrial({ kind: 'canary', model: 'next', weight: 0.1 }, (reason) => ended.push(reason));
  for (let index = 0; index < 19; index++) trial.failed();
  expect(trial.isOver).toBe(false);
  trial.failed();
  expect(trial.isOver).toBe(true);
  expect(ended).toEqual(['20 of 20 requests failed, more than 0.05']);
});
