import { describe, expect, it } from 'vitest';
import { ByteText } from './byte-text.ts';

describe('ByteText', () => {
  it('is the UTF-8 of what was added, of any length, and begins anew when it was taken', () => {
    const text = new ByteText();
    const numbers = [0, 7, 10, 99, 100, 999, 1000, 65_536, 4_294_967_295];
    const parts = ['é€😀', 'half \ud83d', 'x'.repeat(100_000)];
    for (const part of parts) text.add(part);
    text.addNumbers(numbers, ',');
    text.add('|');
    text.addNumbers([], ', ');
    text.addNumbers(new Uint32Array(50_000).fill(12), ', ');
    const expected = `${parts.join('')}${numbers.join(',')}|${Array(50_000).fill(12).join(', ')}`;
    const bytes = Buffer.from(expected);
    expect(text.length).toBe(bytes.length);
    const taken = text.take();
    expect(Buffer.compare(taken, bytes)).toBe(0);
    text.add('next');
    expect(Buffer.from(text.take()).toString()).toBe('next');
    expect(Buffer.compare(taken, bytes)).toBe(0);
  });
});
