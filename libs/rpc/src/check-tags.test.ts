import { describe, expect, it } from 'vitest';
import { checkTags } from './check-tags.ts';

const tagsOf = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, '']));

describe('the tags of a checkpoint', () => {
  it('are a thousand at most, of a kilobyte each, key and value together', () => {
    checkTags('tags', {});
    checkTags('tags', tagsOf(1_000));
    checkTags('tags', { ['k'.repeat(24)]: 'v'.repeat(1_000), é: 'é'.repeat(511) });
  });

  it.each([
    [tagsOf(1_001), 'spec.tags must be at most 1000, got 1001'],
    [
      { arm: 'v'.repeat(1_022) },
      'spec.tags["arm"] must be at most 1024 bytes, key and value together, got 1025',
    ],
    [{ é: 'é'.repeat(512) }, 'got 1026'],
    [{ ['k'.repeat(5_000)]: '' }, `spec.tags["${'k'.repeat(100)}"] must be`],
  ])('are refused beyond that, by name', (tags, message) => {
    expect(() => checkTags('spec.tags', tags)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
