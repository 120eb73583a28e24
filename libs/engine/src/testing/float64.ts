/** Arrays of doubles for the definitions that tests hold the engines to: nothing here is fast, and nothing is from tfjs. */
export class Array64 {
  readonly shape: readonly number[];
  readonly values: Float64Array;

  /** @param values row-major, one per element of `shape` */
  constructor(shape: readonly number[], values: ArrayLike<number>) {
    this.shape = shape;
    this.values = Float64Array.from(values);
  }

  /** The element at an index of one number per axis. */
  at(...index: readonly number[]): number {
    let offset = 0;
    for (let axis = 0; axis < index.length; axis++) offset = offset * this.shape[axis]! + index[axis]!;
    return this.values[offset]!;
  }

  /** The element that broadcasting puts at an index of as many axes or more: axes align at the end, size 1 repeats. */
  broadcastAt(...index: readonly number[]): number {
    const own = index.slice(index.length - this.shape.length);
    return this.at(...own.map((position, axis) => (this.shape[axis] === 1 ? 0 : position)));
  }
}

/** The array whose element at each index is `valueAt(...index)`. */
export function build(shape: readonly number[], valueAt: (...index: number[]) => number): Array64 {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const index = shape.map(() => 0);
  const values = new Float64Array(size);
  for (let offset = 0; offset < size; offset++) {
    values[offset] = valueAt(...index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return new Array64(shape, values);
}

/** Σ term(i) for i = 0 … count - 1. */
export function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

/** Error function by its Taylor series: exact to 1e-12 for |x| < 3. */
export function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const softplus = (x: number): number => Math.log1p(Math.exp(x));

/** softmax over the last of the scores `scoreAt(0 … count - 1)`, at `i`. */
export function softmax(count: number, scoreAt: (i: number) => number, i: number): number {
  return Math.exp(scoreAt(i)) / sum(count, (j) => Math.exp(scoreAt(j)));
}

/** What normalisation over `count` values makes of `x`: (x - mean) / sqrt(variance + epsilon), the biased variance. */
export function normalised(count: number, valueAt: (i: number) => number, x: number): number {
  const mean = sum(count, valueAt) / count;
  const variance = sum(count, (i) => (valueAt(i) - mean) ** 2) / count;
  return (x - mean) / Math.sqrt(variance + 1e-5);
}
