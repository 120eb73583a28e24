import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, float32Tensor, int64Tensor, writeSafetensors } from '../index.ts';

describe('writeSafetensors', () => {
  it('orders tensors by dtype rank, then name, and aligns the data to 8 bytes', () => {
    const bytes = encodeSafetensors(
      new Map([
        ['b', float32Tensor([1], new Float32Array(1))],
        ['10', float32Tensor([1], new Float32Array(1))],
        ['n', int64Tensor([], new BigInt64Array(1))],
        ['a', float32Tensor([1], new Float32Array(1))],
      ]),
      { z: '1', format: 'pt' },
    );
    const length = Number(Buffer.from(bytes).readBigUInt64LE());
    const header = Buffer.from(bytes).toString('utf8', 8, 8 + length);
    expect(length % 8).toBe(0);
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"format":"pt","z":"1"},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},' +
        '"10":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},' +
        '"b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}',
    );
    expect(bytes.byteLength).toBe(8 + length + 20);
  });

  it('refuses a tensor whose bytes are not those of its shape, and leaves no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-safetensors-'));
    const state = new Map([['a', { dtype: 'F32' as const, shape: [2], data: new Uint8Array(4) }]]);
    await expect(writeSafetensors(join(folder, 'x'), state)).rejects.toThrow(
      'tensor a (F32 [2]) needs 8 bytes, got 4',
    );
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('refuses the name __metadata__', () => {
    const state = new Map([['__metadata__', float32Tensor([], new Float32Array(1))]]);
    expect(() => encodeSafetensors(state)).toThrow('__metadata__');
  });
});
