import { describe, expect, it } from 'vitest';
import { numberFlag, shareFlag, thresholdFlag, wholeFlag } from './number-flag.ts';

describe('numbers of flags', () => {
  it('are taken at their bounds', () => {
    expect(shareFlag('1')).toBe(1);
    expect(shareFlag('1e-9')).toBe(1e-9);
    expect(thresholdFlag('0')).toBe(0);
    expect(wholeFlag(1, 4096)('4096')).toBe(4096);
    expect(numberFlag()('-3.5')).toBe(-3.5);
  });

  it.each([
    [shareFlag, '0', 'a number above 0 to 1'],
    [shareFlag, '1.0001', 'a number above 0 to 1'],
    [thresholdFlag, '1', 'a number from 0 to below 1'],
    [wholeFlag(1, 4096), '4097', 'a whole number from 1 to 4096'],
    [wholeFlag(), '1.5', 'a whole number, at least 0'],
    [numberFlag(), ' ', 'a number'],
  ])('are refused beyond them, which the message names', (parse, text, wanted) => {
    expect(() => parse(text)).toThrow(`It must be ${wanted}.`);
  });
});
