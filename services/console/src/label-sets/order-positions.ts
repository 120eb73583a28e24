/** Steps between the least and the greatest key. */
const STEPS = 65_535;

/**
 * Positions by falling key, equal ones as they were. A counting sort over 65,536 steps of the key's range: 10^6 positions take
 * milliseconds, where comparing takes a second.
 */
export function orderPositions(positions: Uint32Array, keyOf: (position: number) => number): Uint32Array {
  const keys = Float32Array.from(positions, keyOf);
  let low = Infinity;
  let high = -Infinity;
  for (const key of keys) {
    if (key < low) low = key;
    if (key > high) high = key;
  }
  if (!(high > low)) return positions.slice();
  const starts = new Uint32Array(STEPS + 2);
  const steps = Uint16Array.from(keys, (key) => Math.round(((high - key) / (high - low)) * STEPS));
  for (const step of steps) starts[step + 1]!++;
  for (let step = 0; step <= STEPS; step++) starts[step + 1]! += starts[step]!;
  const ordered = new Uint32Array(positions.length);
  steps.forEach((step, index) => (ordered[starts[step]!++] = positions[index]!));
  return ordered;
}
