import { describe, expect, it } from 'vitest';
import { addressOf, isInsideKey, locationOf } from './addresses.ts';

describe('addresses', () => {
  it('turn paths into file addresses and leave addresses alone', () => {
    expect(addressOf('/data/my images')).toBe('file:///data/my%20images');
    expect(addressOf('s3://bucket/prefix/')).toBe('s3://bucket/prefix');
  });

  it('split a file into its store and its key', () => {
    expect(locationOf('annotations', '/data/a b.json')).toEqual({ store: 'file:///data', key: 'a b.json' });
    expect(locationOf('annotations', 'file:///data/a%20b.json')).toEqual({
      store: 'file:///data',
      key: 'a b.json',
    });
    expect(locationOf('annotations', 's3://bucket/x/labels.json')).toEqual({
      store: 's3://bucket/x',
      key: 'labels.json',
    });
    expect(locationOf('annotations', 's3://bucket/labels.json')).toEqual({
      store: 's3://bucket',
      key: 'labels.json',
    });
  });

  it.each(['file:///data/100%.json', 'file:///data/%zz.json', 'file:///data/%E0%A4.json'])(
    '%s names no file: the field says so',
    (address) => {
      expect(() => locationOf('annotations', address)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringMatching(/^annotations must /) as string,
        }),
      );
    },
  );

  it('know a key that leaves its store', () => {
    expect(['a.jpg', 'b/c.jpg', '..a/b'].map(isInsideKey)).toEqual([true, true, true]);
    expect(['../a.jpg', 'b/../../c', '/etc/passwd', ''].map(isInsideKey)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
