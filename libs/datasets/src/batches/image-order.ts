import { createRandom, permutation } from '../random.ts';

/** Which image each place of the endless training stream shows. */
export interface ImageOrder {
  /** Position 0, 1, ... in the stream to an index below `length`. */
  at(position: number): number;
}

/** An infinite stream of random permutations: every image once per epoch, another order in each. */
export function createImageOrder(length: number, seed: number): ImageOrder {
  // Two epochs: a batch may straddle them, and a mosaic looks back.
  const recent = new Map<number, Uint32Array>();
  return {
    at(position) {
      const epoch = Math.floor(position / length);
      let order = recent.get(epoch);
      if (order === undefined) {
        order = permutation(length, createRandom(seed, 'order', epoch));
        if (recent.size >= 2) recent.delete(Math.min(...recent.keys()));
        recent.set(epoch, order);
      }
      return order[position - epoch * length]!;
    },
  };
}
