import { expect, it } from 'vitest';
import { orderPositions } from './order-positions.ts';

it('orders by falling key, equal ones as they were', () => {
  const keys = [0.2, 0.9, 0.5, 0.9, -1];
  const ordered = orderPositions(Uint32Array.of(0, 1, 2, 3, 4), (at) => keys[at] ?? 0);
  expect([...ordered]).toEqual([1, 3, 2, 0, 4]);
  expect([...orderPositions(Uint32Array.of(7, 3), () => 1)]).toEqual([7, 3]);
});
