import type { Rle, Xywh } from './types.ts';

// Kept from call to call: at ten masks an image, fresh arrays would cost more than the runs.
let edges = new Int32Array(3 * 1024);
let columns = [new Int32Array(1024), new Int32Array(1024)] as const;
/** By row: how many changes it has, then where its next one goes. All zero between calls. */
let nextChange = new Int32Array(1024);
let changes = new Uint32Array(4096);
let runs = new Uint32Array(4096);

/**
 * Runs of a mask row by row, the first of background, over a window `[left, top, width, height]` that holds all of it (other tools store
 * masks so; COCO goes column by column). The cost is that of the runs on both sides, not of the pixels. The answer is overwritten by the next call.
 */
export function rowMajorRuns(rle: Rle, [left, top, width, height]: Xywh): Uint32Array {
  const used = findEdges(rle);
  const total = sortByRows(used, rle.height, { left, top, width });
  return runsBetween(total, width * height);
}

/** Where a column differs from the one before it: column, first row, row behind the last, three numbers each in `edges`. */
function findEdges({ width, height, counts }: Rle): number {
  // A run ends in the column where it begins, or adds a piece for each column more; each piece has two ends, and each end is in two differences.
  const room = 3 * (counts.length + 2 * width + 2);
  if (edges.length < room) edges = new Int32Array(2 * room);
  if (columns[0].length < 2 * height) columns = [new Int32Array(2 * height), new Int32Array(2 * height)];
  const target = edges;
  let before = columns[0];
  let here = columns[1];
  let usedBefore = 0;
  let usedHere = 0;
  let used = 0;
  let column = 0;
  let position = 0;
  for (let run = 1; run < counts.length; run += 2) {
    let start = position + counts[run - 1]!;
    const end = start + counts[run]!;
    position = end;
    while (start < end) {
      const x = Math.floor(start / height);
      while (column < x && usedHere + usedBefore > 0) {
        used = addDifference(target, used, column++, before, usedBefore, here, usedHere);
        const swapped = before;
        before = here;
        here = swapped;
        usedBefore = usedHere;
        usedHere = 0;
      }
      column = x;
      const first = x * height;
      const stop = Math.min(end, first + height);
      here[usedHere++] = start - first;
      here[usedHere++] = stop - first;
      start = stop;
    }
  }
  used = addDifference(target, used, column++, before, usedBefore, here, usedHere);
  return addDifference(target, used, column, here, usedHere, before, 0);
}

/** Both are sorted ends of stretches; taken together, every second gap is where just one of them is set. */
function addDifference(
  target: Int32Array,
  used: number,
  column: number,
  before: Int32Array,
  usedBefore: number,
  here: Int32Array,
  usedHere: number,
): number {
  // One stretch each, and they overlap: most columns of most masks.
  if (usedBefore === 2 && usedHere === 2 && before[0]! < here[1]! && here[0]! < before[1]!) {
    const afterTop = addEdge(target, used, column, before[0]!, here[0]!);
    return addEdge(target, afterTop, column, before[1]!, here[1]!);
  }
  let i = 0;
  let j = 0;
  let from = -1;
  while (i < usedBefore || j < usedHere) {
    const takesBefore = j >= usedHere || (i < usedBefore && before[i]! < here[j]!);
    const edge = takesBefore ? before[i++]! : here[j++]!;
    if (from < 0) {
      from = edge;
      continue;
    }
    used = addEdge(target, used, column, from, edge);
    from = -1;
  }
  return used;
}

/** The rows between two, if there are any. */
function addEdge(target: Int32Array, used: number, column: number, from: number, to: number): number {
  if (from === to) return used;
  target[used] = column;
  target[used + 1] = Math.min(from, to);
  target[used + 2] = Math.max(from, to);
  return used + 3;
}

/** Writes where pixels change along the window's rows to `changes` and returns how many: counted by row first, then put in their places. */
function sortByRows(
  used: number,
  imageHeight: number,
  { left, top, width }: { readonly left: number; readonly top: number; readonly width: number },
): number {
  if (nextChange.length <= imageHeight) nextChange = new Int32Array(2 * imageHeight);
  const [from, next] = [edges, nextChange];
  let first = imageHeight;
  let end = 0;
  for (let at = 0; at < used; at += 3) {
    const last = from[at + 2]!;
    if (from[at + 1]! < first) first = from[at + 1]!;
    if (last > end) end = last;
    for (let row = from[at + 1]!; row < last; row++) next[row]!++;
  }
  let total = 0;
  for (let row = first; row < end; row++) {
    const count = next[row]!;
    next[row] = total;
    total += count;
  }
  if (changes.length < total) changes = new Uint32Array(2 * total);
  const target = changes;
  // Edges come by columns, so that those of a row come from left to right.
  for (let at = 0; at < used; at += 3) {
    const last = from[at + 2]!;
    let place = (from[at + 1]! - top) * width + from[at]! - left;
    for (let row = from[at + 1]!; row < last; row++, place += width) target[next[row]!++] = place;
  }
  next.fill(0, first, end);
  return total;
}

/** A row that ends inside and a next one that begins so meet at one place: two changes that cancel out. */
function runsBetween(found: number, pixels: number): Uint32Array {
  if (runs.length <= found) runs = new Uint32Array(2 * found);
  const [from, target] = [changes, runs];
  let used = 0;
  let position = 0;
  for (let at = 0; at < found; at++) {
    const change = from[at]!;
    if (at + 1 < found && change === from[at + 1]!) {
      at++;
      continue;
    }
    target[used++] = change - position;
    position = change;
  }
  if (position < pixels || used === 0) target[used++] = pixels - position;
  return target.subarray(0, used);
}
