import { describe, expect, it } from 'vitest';
import { bytes, clock, duration, fixed, number, percent, shortDigest } from './format.ts';
import { signedPercent } from './pages/experiments/signed-percent.ts';
import { partsOf, pathOf } from './router.tsx';

/** As JSON has what is no number: types do not know. */
const NULL = null as unknown as number;

describe('a number that is none', () => {
  it.each([NaN, Infinity, -Infinity, NULL])('%s is a dash, never a 0', (value) => {
    expect([number(value), percent(value), fixed(value, 2), signedPercent(value)]).toEqual([
      '–',
      '–',
      '–',
      '–',
    ]);
  });
});

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_940, '999.9 kB'],
    // Not "1000.0 kB".
    [999_950, '1.0 MB'],
    [999_999_999, '1.0 GB'],
    [1.5e12, '1.5 TB'],
    [2e18, '2000000.0 TB'],
  ])('of %d bytes is %s', (value, text) => expect(bytes(value)).toBe(text));

  it('has at most three digits before the point, whatever it is', () => {
    for (let value = 1; value < 1e15; value = Math.ceil(value * 1.13))
      expect(bytes(value)).toMatch(/^\d{1,3}(\.\d)? /);
  });
});

describe('a duration', () => {
  it.each([
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3599.6, '1 h 0 min'],
    [86_399.7, '1 d 0 h'],
    [31 * 86_400, '31 d 0 h'],
    [Infinity, '–'],
    [NULL, '–'],
  ])('of %d s is %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe('three digits', () => {
  it.each([
    [99.96, '100'],
    [-1234.5, '-1,234'],
    [0.000_001_234, '0.00000123'],
    [1e-10, '1e-10'],
    [-0.5, '-0.5'],
    [1e21, '1,000,000,000,000,000,000,000'],
  ])('of %d are %s', (value, text) => expect(number(value)).toBe(text));
});

describe('a share', () => {
  it.each([
    [0, '+0.0'],
    [-0.0004, '−0.0'],
    [1, '+100.0'],
    [-0.019, '−1.9'],
  ])('of %d has its sign: %s', (value, text) => expect(signedPercent(value)).toBe(text));
});

describe('a time', () => {
  it.each(['', 'yesterday', 'null'])('that is none is a dash: %j', (text) => expect(clock(text)).toBe('–'));
});

describe('a digest', () => {
  it.each([
    ['', ''],
    ['abc', 'abc'],
    [`sha256:${'f'.repeat(64)}`, 'ffffffffffff'],
    ['md5:0123456789abcdef', 'md5:01234567'],
  ])('%j is short: %s', (digest, short) => expect(shortDigest(digest)).toBe(short));
});

describe('a path', () => {
  it.each(['a b', 'ü/ä', '100%', '?x=1#y', '<b>', '😀', '%2F', '"'])('holds %j and gives it back', (part) => {
    const path = pathOf('registry', part);
    expect(path.split('/')).toHaveLength(3);
    expect(partsOf(new URL(path, 'http://host').pathname)).toEqual(['registry', part]);
  });

  it.each(['/pipelines/%', '/pipelines/%zz', '/pipelines/%ff'])(
    'that nobody encoded stays as it is: %s',
    (path) => {
      expect(partsOf(path)).toEqual(['pipelines', path.slice('/pipelines/'.length)]);
    },
  );
});
