import { describe, expect, it } from 'vitest';
import { checkTexts } from './check-text.ts';

describe('the texts of a request', () => {
  it.each([
    [{ alias: 'a\0b' }, 'alias', 'NUL'],
    [{ spec: { outputUri: '\0' } }, 'spec.output_uri', 'NUL'],
    [{ spec: { tags: ['fine', { name: 'x\0' }] } }, 'spec.tags[1].name', 'NUL'],
    [{ image: { source: { $case: 'uri', value: '\0' } } }, 'image.source', 'NUL'],
    [{ digest: 'x'.repeat(3e6) }, 'digest', 'at most 262144 bytes, got 3000000'],
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
    });
  });
});
