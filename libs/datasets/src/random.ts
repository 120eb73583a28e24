/**
 * A small, fast, seedable stream of random numbers (sfc32, PractRand-clean; state from a splitmix-style hash).
 * The same seed parts give the same stream on every machine, so that "sample i of seed s" is a pure function.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Uniform integer in [low, high], both ends included. */
  integer(low: number, high: number): number;
  /** Uniform in [low, high) on a logarithmic scale; both positive. */
  logUniform(low: number, high: number): number;
  /** Standard normal (Irwin-Hall sum of twelve: no transcendental function, so the same bits everywhere). */
  normal(): number;
  chance(probability: number): boolean;
  choice<T>(items: readonly T[]): T;
}

export type SeedPart = number | string;

export function createRandom(...seed: readonly SeedPart[]): Random {
  let [a, b, c] = seedState(seed);
  let counter = 1;
  const nextUint32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) nextUint32(); // sfc32's recommended warm-up
  const next = (): number => nextUint32() / 4294967296;
  const uniform = (low: number, high: number): number => low + (high - low) * next();
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    uniform,
    integer,
    logUniform: (low, high) => Math.exp(uniform(Math.log(low), Math.log(high))),
    normal: () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
    chance: (probability) => next() < probability,
    choice: (items) => items[integer(0, items.length - 1)]!,
  };
}

/** Fisher-Yates permutation of 0..length-1. */
export function permutation(length: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

function seedState(seed: readonly SeedPart[]): [number, number, number] {
  let hash = 0x9e3779b9;
  // JSON keeps ('a', 'b') and ('ab') apart, and 1 and '1'.
  for (const byte of new TextEncoder().encode(JSON.stringify(seed))) hash = mix(hash ^ byte);
  const first = mix(hash + 0x9e3779b9);
  const second = mix(first + 0x9e3779b9);
  return [first, second, mix(second + 0x9e3779b9)];
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
