import { describe, expect, it } from 'vitest';
import { checkAlias } from './check-alias.ts';

describe('an alias', () => {
  it.each(['demo/warmup', 'warmup@prod', 'a', 'team-1/x.y_z', 'v1..2', `${'a'.repeat(127)}z`])(
    'may be %s',
    (alias) => {
      expect(checkAlias('alias', alias)).toBe(alias);
    },
  );

  it.each([
    '',
    '../../x',
    'a/../b',
    './a',
    'a/.',
    'a//b',
    '/a',
    'a/',
    '..',
    'Demo',
    'a b',
    'a\0',
    'deadbeef',
    'f'.repeat(64),
    'x'.repeat(129),
  ])('may not be %j', (alias) => {
    expect(() => checkAlias('TrainingSpec.alias', alias)).toThrow(/^TrainingSpec\.alias must be 1 to 128 of/);
  });
});
