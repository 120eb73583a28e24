import type { Rle, Xywh } from './types.ts';

/**
 * Runs of a mask row by row, the first of background, over a window `[left, top, width, height]` that holds all of it (other tools store
 * masks so; COCO goes column by column). The cost is that of the runs on both sides, not of the pixels.
 */
export function rowMajorRuns(rle: Rle, [left, top, width, height]: Xywh): Uint32Array {
  const edges = columnEdges(rle);
  const next = new Uint32Array(height + 1);
  for (let at = 0; at < edges.length; at += 3) {
    for (let row = edges[at + 1]!; row < edges[at + 2]!; row++) next[row - top + 1]! += 1;
  }
  for (let row = 0; row < height; row++) next[row + 1]! += next[row]!;
  // Edges come by columns, so that those of a row come from left to right.
  const changes = new Uint32Array(next[height]!);
  for (let at = 0; at < edges.length; at += 3) {
    const column = edges[at]! - left;
    for (let row = edges[at + 1]! - top; row < edges[at + 2]! - top; row++) {
      changes[next[row]!++] = row * width + column;
    }
  }
  return runsBetween(changes, width * height);
}

/** Where a column differs from the one before it: column, first row, row behind the last, three numbers each. */
function columnEdges({ height, counts }: Rle): number[] {
  const edges: number[] = [];
  let before: number[] = [];
  let here: number[] = [];
  let column = 0;
  const goOn = (): void => {
    addDifference(edges, column++, before, here);
    before = here;
    here = [];
  };
  let position = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = position + counts[run]!;
    for (let start = run % 2 === 1 ? position : end; start < end;) {
      const x = Math.floor(start / height);
      while (column < x && (here.length > 0 || before.length > 0)) goOn();
      column = x;
      const stop = Math.min(end, (x + 1) * height);
      here.push(start - x * height, stop - x * height);
      start = stop;
    }
    position = end;
  }
  goOn();
  goOn();
  return edges;
}

/** Both are sorted ends of stretches; taken together, every second gap is where just one of them is set. */
function addDifference(
  edges: number[],
  column: number,
  before: readonly number[],
  here: readonly number[],
): void {
  let [i, j] = [0, 0];
  const smaller = (): number => {
    const [a, b] = [before[i] ?? Infinity, here[j] ?? Infinity];
    return a < b ? before[i++]! : here[j++]!;
  };
  while (i < before.length || j < here.length) {
    const [from, to] = [smaller(), smaller()];
    if (from < to) edges.push(column, from, to);
  }
}

/** A row that ends inside and a next one that begins so meet at one place: two changes that cancel out. */
function runsBetween(changes: Uint32Array, total: number): Uint32Array {
  const runs: number[] = [];
  let position = 0;
  for (let at = 0; at < changes.length; at++) {
    if (changes[at] === changes[at + 1]) {
      at++;
      continue;
    }
    runs.push(changes[at]! - position);
    position = changes[at]!;
  }
  if (position < total || runs.length === 0) runs.push(total - position);
  return Uint32Array.from(runs);
}
