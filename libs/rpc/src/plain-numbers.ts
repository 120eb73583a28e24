/**
 * A message with its numbers as they were given: a `float` of a message that was 0.4 is 0.4000000059604645 as a JavaScript
 * number, and the shortest decimal that gives the same float is what the caller wrote.
 */
export function withPlainNumbers(message: string): string {
  return message.replace(/-?\d+\.\d{8,}(?:e[+-]?\d+)?/g, (text) => {
    const value = Number(text);
    return Math.fround(value) === value ? shortest(value) : text;
  });
}

/** Nine digits tell every float from every other one. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(9)));
}
