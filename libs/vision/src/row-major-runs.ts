import type { Rle, Xywh } from './types.ts';

// Kept from call to call: at ten masks an image, fresh arrays would cost more than the runs.
let edges = new Int32Array(3 * 1024);
let columns = [new Int32Array(1024), new Int32Array(1024)] as const;
let nextChange = new Int32Array(1024);
let changes = new Int32Array(4096);

/**
 * Runs of a mask row by row, the first of background, over a window `[left, top, width, height]` that holds all of it (other tools store
 * masks so; COCO goes column by column). The cost is that of the runs on both sides, not of the pixels.
 */
export function rowMajorRuns(rle: Rle, [left, top, width, height]: Xywh): Uint32Array {
  const used = findEdges(rle);
  if (nextChange.length <= height) nextChange = new Int32Array(2 * height);
  nextChange.fill(0, 0, height + 1);
  let total = 0;
  for (let at = 0; at < used; at += 3) {
    for (let row = edges[at + 1]!; row < edges[at + 2]!; row++) nextChange[row - top + 1]!++;
    total += edges[at + 2]! - edges[at + 1]!;
  }
  for (let row = 0; row < height; row++) nextChange[row + 1]! += nextChange[row]!;
  if (changes.length < total) changes = new Int32Array(2 * total);
  // Edges come by columns, so that those of a row come from left to right.
  for (let at = 0; at < used; at += 3) {
    const column = edges[at]! - left;
    for (let row = edges[at + 1]! - top; row < edges[at + 2]! - top; row++) {
      changes[nextChange[row]!++] = row * width + column;
    }
  }
  return runsBetween(total, width * height);
}

/** Where a column differs from the one before it: column, first row, row behind the last, three numbers each in `edges`. */
function findEdges({ height, counts }: Rle): number {
  let [before, here] = columns;
  if (here.length < height + 2) {
    before = new Int32Array(height + 2);
    here = new Int32Array(height + 2);
    columns = [before, here];
  }
  let [usedBefore, usedHere, used] = [0, 0, 0];
  let column = 0;
  let position = 0;
  for (let run = 0; run < counts.length; run++) {
    const end = position + counts[run]!;
    for (let start = run % 2 === 1 ? position : end; start < end;) {
      const x = Math.floor(start / height);
      while (column < x && usedHere + usedBefore > 0) {
        used = addDifference(used, column++, before, usedBefore, here, usedHere);
        [before, here] = [here, before];
        [usedBefore, usedHere] = [usedHere, 0];
      }
      column = x;
      const stop = Math.min(end, (x + 1) * height);
      here[usedHere++] = start - x * height;
      here[usedHere++] = stop - x * height;
      start = stop;
    }
    position = end;
  }
  used = addDifference(used, column++, before, usedBefore, here, usedHere);
  return addDifference(used, column, here, usedHere, before, 0);
}

/** Both are sorted ends of stretches; taken together, every second gap is where just one of them is set. */
function addDifference(
  used: number,
  column: number,
  before: Int32Array,
  usedBefore: number,
  here: Int32Array,
  usedHere: number,
): number {
  const room = used + 3 * (usedBefore + usedHere);
  if (edges.length < room) {
    const grown = new Int32Array(2 * room);
    grown.set(edges);
    edges = grown;
  }
  let [i, j] = [0, 0];
  let from = -1;
  while (i < usedBefore || j < usedHere) {
    const takesBefore = j >= usedHere || (i < usedBefore && before[i]! < here[j]!);
    const edge = takesBefore ? before[i++]! : here[j++]!;
    if (from < 0) {
      from = edge;
      continue;
    }
    if (from < edge) {
      edges[used] = column;
      edges[used + 1] = from;
      edges[used + 2] = edge;
      used += 3;
    }
    from = -1;
  }
  return used;
}

/** A row that ends inside and a next one that begins so meet at one place: two changes that cancel out. */
function runsBetween(found: number, pixels: number): Uint32Array {
  const runs = new Uint32Array(found + 1);
  let used = 0;
  let position = 0;
  for (let at = 0; at < found; at++) {
    const change = changes[at]!;
    if (at + 1 < found && change === changes[at + 1]!) {
      at++;
      continue;
    }
    runs[used++] = change - position;
    position = change;
  }
  if (position < pixels || used === 0) runs[used++] = pixels - position;
  return runs.subarray(0, used);
}
