import { describe, expect, it } from 'vitest';
import { checkTexts } from './check-text.ts';

describe('the texts of a request', () => {
  it.each([
    [{ alias: 'a\0b' }, 'alias', 'NUL'],
    [{ spec: { outputUri: '\0' } }, 'spec.output_uri', 'NUL'],
    [{ spec: { tags: ['fine', { name: 'x\0' }] } }, 'spec.tags[1].name', 'NUL'],
    [{ image: { source: { $case: 'uri', value: '\0' } } }, 'image.uri', 'NUL'],
    [{ part: { $case: 'publishHeader', value: { name: '\0' } } }, 'publish_header.name', 'NUL'],
    [{ digest: 'x'.repeat(3e6) }, 'digest', 'at most 262144 bytes, got 3000000'],
    [{ addresses: Array<string>(65_537).fill('a') }, 'addresses', 'at most 65536 entries, got 65537'],
    [{ spec: { seeds: Array<number>(1e5).fill(1) } }, 'spec.seeds', 'at most 65536 entries, got 100000'],
    [{ spec: { parts: Array<object>(1e5).fill({}) } }, 'spec.parts', 'at most 65536 entries, got 100000'],
    [
      { tags: Object.fromEntries(Array.from({ length: 65_537 }, (_, at) => [at, ''])) },
      'tags',
      'at most 65536 entries',
    ],
  ])('are refused by name: %#', (request, field, reason) => {
    expect(() => checkTexts(request)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }),
    );
    expect(() => checkTexts(request)).toThrow(reason);
  });

  it('may be anything else, and bytes are none', () => {
    checkTexts({
      name: 'ünïcödé\n',
      at: new Date(),
      data: new Uint8Array(1e6),
      none: undefined,
      list: [1, null],
      most: Array<string>(65_536).fill('a'),
      contents: { fp32Contents: Array<number>(1e5).fill(1) },
    });
  });
});
