/** Keeps the k largest of the numbers it is shown. */
export interface TopK {
  /** `index` names the value and must grow from call to call. */
  add(value: number, index: number): void;
  /** Indices of the kept values, largest value first; of equal values, the ones shown first are kept and come first. */
  indices(): number[];
}

/** A binary heap with the next one to go on top: a pool of 10^5 candidates costs a comparison each, not a sort. */
export function createTopK(k: number): TopK {
  const values = new Float64Array(k);
  const names = new Float64Array(k);
  let size = 0;
  // Of equal values, the later one goes first.
  const goesFirst = (a: number, b: number): boolean =>
    values[a]! < values[b]! || (values[a]! === values[b]! && names[a]! > names[b]!);
  const swap = (a: number, b: number): void => {
    [values[a], values[b]] = [values[b]!, values[a]!];
    [names[a], names[b]] = [names[b]!, names[a]!];
  };
  const rise = (from: number): void => {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!goesFirst(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = (): void => {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let first = at;
      if (left < size && goesFirst(left, first)) first = left;
      if (right < size && goesFirst(right, first)) first = right;
      if (first === at) return;
      swap(at, first);
      at = first;
    }
  };
  return {
    add(value, index) {
      if (size < k) {
        values[size] = value;
        names[size] = index;
        rise(size++);
      } else if (k > 0 && value > values[0]!) {
        values[0] = value;
        names[0] = index;
        sink();
      }
    },
    indices() {
      return Array.from({ length: size }, (_, at) => at)
        .sort((a, b) => values[b]! - values[a]! || names[a]! - names[b]!)
        .map((at) => names[at]!);
    },
  };
}
