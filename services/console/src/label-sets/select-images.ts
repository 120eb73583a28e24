import { orderPositions } from './order-positions.ts';
import type { SetColumns } from './set-columns.ts';

export const SHOWN = ['all', 'labeled', 'empty', 'failed', 'false-positives', 'missed'] as const;
export const ORDERS = ['pool', 'false-positives', 'disagreement', 'best-score', 'worst-score'] as const;

/** Which images, in which order. */
export interface ImageFilter {
  readonly show: (typeof SHOWN)[number];
  readonly order: (typeof ORDERS)[number];
  /** Their best score is at least, and at most. */
  readonly minScore: number;
  readonly maxScore: number;
  /** A label is at least, and at most, so large: square root of its share of the image. */
  readonly minSize: number;
  readonly maxSize: number;
  /** An object of this class is in it: index into the truth's categories; -1 means any. */
  readonly category: number;
}

export const NO_FILTER: ImageFilter = {
  show: 'all',
  order: 'pool',
  minScore: 0,
  maxScore: 1,
  minSize: 0,
  maxSize: 1,
  category: -1,
};

export function isEverything(filter: ImageFilter): boolean {
  return JSON.stringify(filter) === JSON.stringify(NO_FILTER);
}

/** Positions of the images that a filter leaves, of the first `seen`. */
export function selectImages(columns: SetColumns, filter: ImageFilter, seen: number): Uint32Array {
  const chosen = new Uint32Array(seen);
  let count = 0;
  for (let at = 0; at < seen; at++) if (isChosen(columns, filter, at)) chosen[count++] = at;
  const positions = chosen.subarray(0, count);
  const key = orderKey(columns, filter.order);
  return key === undefined ? positions : orderPositions(positions, key);
}

function isChosen(columns: SetColumns, filter: ImageFilter, at: number): boolean {
  const { minScore, maxScore, minSize, maxSize, category } = filter;
  const best = columns.best[at]!;
  if (!isShown(columns, filter.show, at)) return false;
  if (category >= 0 && ((columns.classes[at]! >>> category) & 1) === 0) return false;
  if (minScore > 0 && best < minScore) return false;
  if (maxScore < 1 && best > maxScore) return false;
  if (minSize > 0 && columns.largest[at]! < minSize) return false;
  return !(maxSize < 1 && (columns.labels[at] === 0 || columns.smallest[at]! > maxSize));
}

function isShown(columns: SetColumns, show: ImageFilter['show'], at: number): boolean {
  const hasFailed = columns.best[at]! < 0;
  switch (show) {
    case 'all':
      return true;
    case 'labeled':
      return columns.labels[at]! > 0;
    case 'empty':
      return columns.labels[at] === 0 && !hasFailed;
    case 'failed':
      return hasFailed;
    case 'false-positives':
      return columns.falsePositives[at]! > 0;
    case 'missed':
      return columns.missed[at]! > 0;
  }
}

/** Greatest first; undefined for the pool's own order. */
function orderKey(columns: SetColumns, order: ImageFilter['order']): ((at: number) => number) | undefined {
  const { falsePositives, missed, objects, best } = columns;
  switch (order) {
    case 'pool':
      return undefined;
    case 'false-positives':
      return (at) => falsePositives[at]!;
    case 'disagreement':
      // Of all that is labeled or there, what only one side has.
      return (at) => (falsePositives[at]! + missed[at]!) / Math.max(1, falsePositives[at]! + objects[at]!);
    case 'best-score':
      return (at) => best[at]!;
    case 'worst-score':
      // Without a label there is no score that could be low.
      return (at) => (columns.labels[at]! > 0 ? -best[at]! : -2);
  }
}
