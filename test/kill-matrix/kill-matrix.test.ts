import { expect, it } from 'vitest';
import type { CellOrder } from './run-matrix.ts';
import { runMatrix } from './run-matrix.ts';

/** A corner of `make kill-matrix`; docs/kill-matrix.md has all of it. */
const CORNER: readonly CellOrder[] = [
  { target: 'label worker', noun: 'labeling', state: 'running early' },
  { target: 'nats-server', noun: 'labeling', state: 'cancelling' },
  { target: 'labeler', noun: 'labeling', state: 'finishing' },
];

it('jobs that lose their worker, their broker or their service make what an undisturbed one makes', async () => {
  const cells = await runMatrix(CORNER);
  expect(cells.map(({ target, verdict }) => [target, verdict])).toEqual(
    CORNER.map(({ target }) => [target, 'equal']),
  );
}, 600_000);
