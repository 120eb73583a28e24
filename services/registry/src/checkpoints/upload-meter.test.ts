import { encodeSafetensors, float32Tensor } from '@cassl/checkpoints';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../checkpoints.fixture.ts';
import { UploadMeter } from './upload-meter.ts';

describe('the meter of an upload', () => {
  const bytes = encodeSafetensors(
    new Map([
      ['a', float32Tensor([2, 3], new Float32Array(6))],
      ['b', float32Tensor([5], new Float32Array(5))],
    ]),
  );
  const metered = async (of: Uint8Array, cuts: readonly number[], size = of.length): Promise<object> => {
    const meter = new UploadMeter(digestOf(bytes), size);
    const ends = [...new Set(cuts.map((cut) => Math.min(cut, of.length)))].sort((a, b) => a - b);
    let from = 0;
    for (const end of [...ends, of.length]) {
      await meter.update(of.subarray(from, end));
      from = end;
    }
    return meter.finish();
  };

  it('finds the same facts however the bytes are cut', async () => {
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        expect(await metered(bytes, at)).toEqual({ tensorCount: 2, parameterCount: 11 });
      }),
      { numRuns: 40 },
    );
  });

  it('refuses bytes that are no safetensors file, wherever the first wrong one is', async () => {
    const header = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: header + 7 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const wrong = Uint8Array.from(bytes);
          wrong[at] = (wrong[at]! + by) % 256;
          await expect(metered(wrong, [at])).rejects.toMatchObject({
            code: expect.stringMatching(/^(INVALID_ARGUMENT|RESOURCE_EXHAUSTED)$/),
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses a file that ends before its header', async () => {
    await expect(metered(bytes.subarray(0, 12), [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
