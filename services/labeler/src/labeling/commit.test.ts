import { describe, expect, it } from 'vitest';
import { commitKey, decodeCommit, encodeCommit, indexOfKey } from './commit.ts';
import { commitOf } from './commit.fixture.ts';

describe('the key of a commit', () => {
  it.each([
    [0, 'commits/00000/00000000.json'],
    [999, 'commits/00000/00000999.json'],
    [1000, 'commits/00001/00001000.json'],
    [41_666, 'commits/00041/00041666.json'],
    [123_456_789, 'commits/123456/123456789.json'],
  ])('of shard %i is %s, and says the shard', (index, key) => {
    expect(commitKey(index)).toBe(key);
    expect(indexOfKey(key)).toBe(index);
  });

  it('sorts as the shards do', () => {
    const keys = [1, 12, 999, 1000, 20_000, 999_999].map(commitKey);
    expect([...keys].sort()).toEqual(keys);
  });
});

describe('a commit in storage', () => {
  it('is read as it was written', () => {
    const failures = [{ key: 'ü "1".jpg', code: 'NOT_FOUND', message: 'gone\nfor good' }];
    const commit = commitOf(7, { failures, full: 2, attempt: 3 });
    expect(decodeCommit(encodeCommit(commit), 'here')).toEqual(commit);
  });

  it.each([
    ['half a file', encodeCommit(commitOf(7)).subarray(0, 40)],
    ['nothing', Buffer.alloc(0)],
    ['something else', Buffer.from('{"index":7}')],
    ['a shard that is none', Buffer.from(JSON.stringify({ ...commitOf(7), index: -1 }))],
    ['a number that is no shard', Buffer.from(JSON.stringify({ ...commitOf(7), index: '7' }))],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
  ])('of %s is DATA_LOSS, and says where', (_, bytes) => {
    expect(() => decodeCommit(bytes, 'file:///out/commits/1.json')).toThrow(
      expect.objectContaining({
        code: 'DATA_LOSS',
        message: expect.stringContaining('file:///out/commits/1.json is damaged') as string,
      }),
    );
  });
});
