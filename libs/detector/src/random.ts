/** A stream of numbers in [0, 1) that depends on its seed alone, on every engine and machine. */
export type RandomStream = () => number;

/** A stream whose position can be kept and come back to. */
export interface ResumableStream {
  readonly next: RandomStream;
  /** In [0, 2^32). */
  position(): number;
  moveTo(position: number): void;
}

/** Mulberry32: 32 bits of state, period 2^32, plenty for initial weights and subsets. */
export function randomStream(seed: number): RandomStream {
  return resumableStream(seed).next;
}

export function resumableStream(seed: number): ResumableStream {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
    position: () => state,
    moveTo: (position) => {
      state = position >>> 0;
    },
  };
}

/** FNV-1a: the seed that a text stands for. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** One draw from N(0, 1) by Box and Muller's method. */
export function standardNormal(random: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
