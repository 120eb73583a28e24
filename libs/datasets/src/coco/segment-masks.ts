import type { IdMap, Rle } from '@cassl/vision';

/** The mask of every id in a panoptic image except 0 (void), in one pass over its columns. */
export function segmentMasks({ width, height, ids }: IdMap): Map<number, Rle> {
  interface Open {
    readonly counts: number[];
    /** Column-major index one past the last pixel written. */
    end: number;
  }
  const open = new Map<number, Open>();
  let previous: Open | undefined;
  let previousId = 0;
  for (let x = 0, position = 0; x < width; x++) {
    for (let y = 0; y < height; y++, position++) {
      const id = ids[y * width + x]!;
      if (id === 0) continue;
      if (id !== previousId || previous === undefined) {
        previous = open.get(id);
        if (previous === undefined) open.set(id, (previous = { counts: [], end: 0 }));
        previousId = id;
      }
      if (previous.end === position && previous.counts.length > 0) {
        previous.counts[previous.counts.length - 1]!++;
      } else {
        previous.counts.push(position - previous.end, 1);
      }
      previous.end = position + 1;
    }
  }
  const pixels = width * height;
  const finish = ({ counts, end }: Open): Rle => ({
    height,
    width,
    counts: Uint32Array.from(end < pixels ? [...counts, pixels - end] : counts),
  });
  return new Map([...open].map(([id, runs]) => [id, finish(runs)]));
}
