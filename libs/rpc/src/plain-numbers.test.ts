import { describe, expect, it } from 'vitest';
import { withPlainNumbers } from './plain-numbers.ts';

describe('numbers in messages', () => {
  it('read as the caller wrote them, though they travelled as floats', () => {
    for (const given of [0.4, 1.1, -0.05, 1.0001, 1e-4, 123.456]) {
      const message = `threshold must be in [0, 1), got ${Math.fround(given)}`;
      expect(withPlainNumbers(message)).toBe(`threshold must be in [0, 1), got ${given}`);
    }
  });

  it('stay as they are where they are doubles, or no numbers', () => {
    const text = 'file 2024.123456789012 and 0.1234567890123 of 10.0.0.1';
    expect(withPlainNumbers(text)).toBe(text);
  });
});
