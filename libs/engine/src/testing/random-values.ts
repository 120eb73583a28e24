/** Normally distributed float32 values, the same for the same seed on every engine. */
export function randomValues(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 1;
  const uniform = () => {
    // Marsaglia's xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
