import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWeightsName, weightsName } from './weights-name.ts';

describe('the name of a file of weights', () => {
  it.each([
    ['net-1a2b3c4d.pth', { hash: '1a2b3c4d', container: 'pth' }],
    ['net.prod-1a2b3c4d.safetensors', { hash: '1a2b3c4d', container: 'safetensors' }],
    [`net-${'a'.repeat(64)}.pth`, { hash: 'a'.repeat(64), container: 'pth' }],
    ['model.safetensors', { container: 'safetensors' }],
    // Seven digits are no hash, and capitals are none.
    ['net-1a2b3c4.pth', { container: 'pth' }],
    ['net-1A2B3C4D.pth', { container: 'pth' }],
    ['a-b-1a2b3c4d.pth', { hash: '1a2b3c4d', container: 'pth' }],
  ])('%s says %j', (name, parts) => {
    expect(parseWeightsName(name)).toEqual(parts);
  });

  it.each(['net.exe', 'net', '.pth', 'net/x.pth', 'net .pth', 'net.pth.gz', '', 'net-1a2b3c4d.PTH'])(
    '%j is none',
    (name) => {
      expect(parseWeightsName(name)).toBeUndefined();
    },
  );

  it('is read back from what is made of any reference', () => {
    const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        sha256,
        fc.constantFrom('pth', 'safetensors'),
        (text, of, container) => {
          const name = weightsName(text, of, container);
          expect(name).toMatch(/^[\w.]+-[0-9a-f]{8}\.\w+$/);
          expect(name).not.toMatch(/^\.|\.\.-/);
          expect(parseWeightsName(name)).toEqual({ hash: of.slice(0, 8), container });
        },
      ),
    );
  });
});
