import { invalidArgument } from '@cassl/errors';
import type { Rle } from './types.ts';

/**
 * The union of masks of one size, or their intersection.
 * @throws INVALID_ARGUMENT for an empty list or masks of different sizes.
 */
export function rleMerge(rles: readonly Rle[], intersect = false): Rle {
  const first = rles[0];
  if (first === undefined) throw invalidArgument('rleMerge: the list of masks is empty');
  let merged = first;
  for (let index = 1; index < rles.length; index++) {
    const next = rles[index]!;
    if (next.height !== first.height || next.width !== first.width) {
      throw invalidArgument(
        `rleMerge: mask ${index} is ${next.height} x ${next.width}, mask 0 is ${first.height} x ${first.width}`,
      );
    }
    merged = intersect
      ? mergePair(merged, next, (a, b) => a && b)
      : mergePair(merged, next, (a, b) => a || b);
  }
  return merged;
}

/** Pixels of `a` that `b` does not cover. */
export function rleSubtract(a: Rle, b: Rle): Rle {
  return mergePair(a, b, (inA, inB) => inA && !inB);
}

/** Walks both run lists at once and closes a run wherever `combine` changes its mind. */
function mergePair(a: Rle, b: Rle, combine: (inA: boolean, inB: boolean) => boolean): Rle {
  const counts = new Uint32Array(a.counts.length + b.counts.length + 1);
  let used = 0;
  let run = 0;
  let value = false;
  const walkA = startWalk(a.counts);
  const walkB = startWalk(b.counts);
  for (;;) {
    const step = Math.min(walkA.left, walkB.left);
    run += step;
    advance(walkA, step);
    advance(walkB, step);
    const done = walkA.left === 0 && walkB.left === 0;
    const next = combine(walkA.value, walkB.value);
    if (next !== value || done) {
      counts[used++] = run;
      run = 0;
      value = next;
    }
    if (done) return { height: a.height, width: a.width, counts: counts.slice(0, used) };
  }
}

interface RunWalk {
  readonly counts: Uint32Array;
  next: number;
  /** Pixels left in the current run. */
  left: number;
  value: boolean;
}

function startWalk(counts: Uint32Array): RunWalk {
  return { counts, next: 1, left: counts[0] ?? 0, value: false };
}

function advance(walk: RunWalk, step: number): void {
  walk.left -= step;
  if (walk.left !== 0 || walk.next >= walk.counts.length) return;
  walk.left = walk.counts[walk.next++]!;
  walk.value = !walk.value;
}
