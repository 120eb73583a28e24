import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';

const schema = z.object({ threshold: z.number() });
const parse = (text: string | Buffer): unknown => parseJson(Buffer.from(text), schema);

describe('parseJson', () => {
  it('reads what the schema takes', () => {
    expect(parse('{"threshold": 0.5}')).toEqual({ threshold: 0.5 });
  });

  it.each([
    // As Python's json writes floats.
    ['{"id": "a \\"NaN\\" b", "parameters": {"threshold": NaN}}', /^threshold: NaN is no JSON$/],
    ['{"threshold": -Infinity}', /^threshold: -Infinity is no JSON$/],
    ['{"sizes" : ["a", NaN]}', /^sizes: NaN is no JSON$/],
    ['NaN', /^the body: NaN is no JSON$/],
    ['{"threshold": "NaN"}', /^threshold: /],
    ['{"threshold": "NaN", }', /^the body is not JSON: Expected double-quoted property name/],
    ['{"threshold": 0.5', /^the body is not JSON: Expected ',' or '}'/],
    ['{"threshold\\', /^the body is not JSON: Unexpected end/],
    [`{"threshold": ${'['.repeat(5000)}`, /^the body must be nested at most 100 deep, got 5001$/],
    ['', /^the body is not JSON: Unexpected end/],
    ['GET / HTTP/1.1', /^the body is not JSON: Unexpected token 'G'/],
    [Buffer.from([0x22, 0xff, 0x22]), /^the body is not JSON: .*utf-8/],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
