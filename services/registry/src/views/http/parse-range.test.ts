import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from './parse-range.ts';

describe('a range of a file of 1,000 bytes', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-999', { start: 0, end: 1_000 }],
    ['bytes=0-1000', { start: 0, end: 1_000 }],
    ['bytes=999-', { start: 999, end: 1_000 }],
    ['bytes=-1', { start: 999, end: 1_000 }],
    ['bytes=-1000', { start: 0, end: 1_000 }],
    ['bytes=-5000', { start: 0, end: 1_000 }],
    ['  bytes=5-6 ', { start: 5, end: 7 }],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=1000-2000', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    // The whole file, as RFC 9110 lets a server answer what it does not take.
    [undefined, undefined],
    ['', undefined],
    ['bytes=', undefined],
    ['bytes=-', undefined],
    ['bytes=6-5', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=a-b', undefined],
    ['bytes=0x10-0x20', undefined],
    ['bytes=1e2-', undefined],
    ['items=0-1', undefined],
    [`bytes=${'9'.repeat(40)}-`, undefined],
  ])('%j is %j', (header, range) => {
    expect(parseRange(header, 1_000)).toEqual(range);
  });

  it('never reaches beyond the file, and is never empty', () => {
    const number = fc.oneof(fc.nat(), fc.constant(''), fc.bigInt({ min: 0n, max: 10n ** 20n }));
    fc.assert(
      fc.property(number, number, fc.nat(5_000), (first, last, sizeBytes) => {
        const range = parseRange(`bytes=${first}-${last}`, sizeBytes);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThan(range.start);
        expect(range.end).toBeLessThanOrEqual(sizeBytes);
      }),
    );
  });

  it('of an empty file there is none', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
      expect(parseRange(header, 0)).toBe('unsatisfiable');
  });
});
