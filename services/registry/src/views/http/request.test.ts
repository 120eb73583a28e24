import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitPath } from './request.ts';

describe('a path', () => {
  it.each([
    ['/', []],
    ['/v2/', ['v2']],
    ['/v1/checkpoints/net%40prod/file', ['v1', 'checkpoints', 'net@prod', 'file']],
    ['/v1/checkpoints/team%2Fnet/file', ['v1', 'checkpoints', 'team/net', 'file']],
    ['/a/b%20c', ['a', 'b c']],
    ['/a/%C3%A9', ['a', 'é']],
    ['/a/...', ['a', '...']],
  ])('%s is of %j', (path, segments) => {
    expect(splitPath(path)).toEqual(segments);
  });

  it.each([
    ...['/..', '/a/../b', '/a/%2e%2e/b', '/a/%2E./b', '/a/.%2e', '/.', '/a/./b', '/%2e'],
    ...['/team%2F..%2Fnet', '/a%2F..', '/..%2Fa', '/a%2F.', '/a%5Cb', '/a\\b'],
    ...['/a%00b', '/a%0Ab', '/a%0D%0Ax-evil:%201', '/a%7F', '/a%1Fb'],
    ...['//', '//etc', '/a//b', '/a/%', '/a/%zz', '/a/%C3', '/%FF'],
  ])('%s is none', (path) => {
    expect(splitPath(path)).toBeUndefined();
  });

  it('never leads elsewhere, whatever it is made of', () => {
    const piece = fc.constantFrom('a', '.', '..', '/', '%2e', '%2F', '%5c', '\\', '%00', '%', 'é', '%c3%a9');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const segments = splitPath(`/${pieces.join('')}`);
        if (segments === undefined) return;
        const parts = segments.join('/').split('/');
        expect(parts).not.toContain('..');
        expect(parts).not.toContain('.');
        expect(segments).not.toContain('');
        expect(segments.join('')).not.toMatch(/[\\\u0000]/);
      }),
      { numRuns: 500 },
    );
  });
});
