import { describe, expect, it } from 'vitest';
import { addressIn, folderAddress, folderOfAddress } from './folder-address.ts';
import { parseAddress } from './parse-address.ts';
import { splitAddress } from './requested-address.ts';

describe('addresses of folders', () => {
  it.each([
    ['file:///data/', 'file:///data'],
    ['file:///', 'file:///'],
    ['file://', 'file:///'],
    ['file://localhost/', 'file://localhost/'],
    ['s3://bucket/', 's3://bucket'],
    ['s3://bucket/a//', 's3://bucket/a'],
    ['/data/', '/data'],
  ])('%s is the folder %s', (address, folder) => {
    expect(folderAddress(address)).toBe(folder);
  });

  it.each(['file:///a.json', 'file://localhost/a.json', 's3://bucket/a.json', 'file:///data/a.json'])(
    '%s lies in a folder that is an address, and comes back out of it and its name',
    (address) => {
      const folder = folderOfAddress(address);
      expect(() => parseAddress('folder', folder)).not.toThrow();
      expect(addressIn(folder, 'a.json')).toBe(address);
      expect(splitAddress('file', address)).toEqual({ folder, name: 'a.json' });
    },
  );

  it('escapes names of files and takes S3 keys literally', () => {
    expect(addressIn('file:///data', 'a b/100%.jpg')).toBe('file:///data/a%20b/100%25.jpg');
    expect(addressIn('s3://bucket/p', 'a b/100%.jpg')).toBe('s3://bucket/p/a b/100%.jpg');
  });
});
