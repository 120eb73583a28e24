/** The stream positions that make up batch 0, 1, ...: pure functions of the index, whatever was asked before. */
export interface BatchPositions {
  at(batch: number): readonly number[];
}

/** Consecutive positions. */
export function consecutivePositions(batchSize: number): BatchPositions {
  return {
    at: (batch) => Array.from({ length: batchSize }, (_, slot) => batch * batchSize + slot),
  };
}

/**
 * Aspect-ratio grouping as detectron2 does it: the stream fills one bucket of wide and one of other images, and a bucket
 * that is full is the next batch. Asking for an earlier batch replays the stream's indices from the start.
 */
export function groupedPositions(batchSize: number, isWide: (position: number) => boolean): BatchPositions {
  let next: { batch: number; position: number; wide: number[]; other: number[] };
  const restart = (): void => {
    next = { batch: 0, position: 0, wide: [], other: [] };
  };
  restart();
  let latest: { readonly batch: number; readonly positions: readonly number[] } | undefined;
  return {
    at(batch) {
      if (latest?.batch === batch) return latest.positions;
      if (batch < next.batch) restart();
      for (;;) {
        const bucket = isWide(next.position) ? next.wide : next.other;
        bucket.push(next.position++);
        if (bucket.length < batchSize) continue;
        const positions = bucket.splice(0);
        if (next.batch++ !== batch) continue;
        latest = { batch, positions };
        return positions;
      }
    },
  };
}
