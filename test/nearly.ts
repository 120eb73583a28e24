import { expect } from 'vitest';
import type { Detection } from '@cassl/proto';

/** A detection that equals this one to 5e-5 (pixels, score): batches of other sizes sum in another order. */
export function nearly({ box, score, ...rest }: Detection): object {
  const sides = Object.entries(box ?? {}).map(([side, value]) => [side, near(value as number)]);
  return { ...rest, score: near(score), box: Object.fromEntries(sides) as object };
}

function near(value: number): unknown {
  return expect.closeTo(value, 4);
}
