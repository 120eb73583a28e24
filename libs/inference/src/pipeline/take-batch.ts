import type { FittedSize } from '@cassl/detector';

/** An image that waits for its forward pass. */
export interface Ready {
  readonly fit: FittedSize;
  /** 1 is served first. */
  readonly priority: number;
}

/**
 * Takes the next batch out of `ready`, which is ordered by age: the oldest image of the most urgent priority and those that share its padded size,
 * the urgent and the old first. So nothing of one priority waits for more than the batches before it.
 */
export function takeBatch<Item extends Ready>(ready: Item[], maxBatch: number): Item[] {
  const first = ready.reduce<Item | undefined>(
    (best, item) => (best === undefined || item.priority < best.priority ? item : best),
    undefined,
  );
  if (first === undefined) return [];
  const alike = ready
    .filter(({ fit }) => hasSameInput(fit, first.fit))
    .sort((a, b) => a.priority - b.priority)
    .slice(0, maxBatch);
  const taken = new Set(alike);
  ready.splice(0, ready.length, ...ready.filter((item) => !taken.has(item)));
  return alike;
}

function hasSameInput({ padded: a }: FittedSize, { padded: b }: FittedSize): boolean {
  return a.width === b.width && a.height === b.height;
}
