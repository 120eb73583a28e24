import { notFound } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import type { ShardTeacher } from './labeling/label-shard.ts';
import { createModelCache } from './model-cache.ts';

/** Teachers by name, and which of them were opened and freed. */
function teachers() {
  const [opened, freed]: [string[], string[]] = [[], []];
  const open = (name: string) => (): Promise<ShardTeacher> => {
    opened.push(name);
    const model: Partial<ShardTeacher['model']> = { dispose: () => void freed.push(name) };
    return Promise.resolve({ digest: name, model: model as ShardTeacher['model'] });
  };
  return { opened, freed, open };
}

describe('the models of a label worker', () => {
  it('are opened once while they are used', async () => {
    const { opened, freed, open } = teachers();
    const cache = createModelCache(2);
    const [first, again] = [await cache.get('a', open('a')), await cache.get('a', open('a'))];
    expect(again).toBe(first);
    expect([opened, freed]).toEqual([['a'], []]);
  });

  it('make room for new ones, the least recently used first', async () => {
    const { opened, freed, open } = teachers();
    const cache = createModelCache(2);
    for (const name of ['a', 'b', 'a', 'c']) await cache.get(name, open(name));
    expect(freed).toEqual(['b']);
    for (const name of ['a', 'c', 'b']) await cache.get(name, open(name));
    expect(opened).toEqual(['a', 'b', 'c', 'b']);
    expect(freed).toEqual(['b', 'a']);
  });

  it('that cannot be opened take no room', async () => {
    const { freed, open } = teachers();
    const cache = createModelCache(1);
    await cache.get('a', open('a'));
    await expect(cache.get('b', () => Promise.reject(notFound('no such checkpoint')))).rejects.toThrow(
      'no such checkpoint',
    );
    expect(freed).toEqual([]);
    expect((await cache.get('a', open('other'))).digest).toBe('a');
  });
});
