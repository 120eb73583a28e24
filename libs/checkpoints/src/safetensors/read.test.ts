import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@cassl/storage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encodeSafetensors,
  float32Tensor,
  int64Tensor,
  readSafetensors,
  readSafetensorsHeader,
  readTensor,
  storeSource,
  writeSafetensors,
  type ByteSource,
  type StateDict,
} from '../index.ts';

/** A file from a header given as text (or a value) and a number of data bytes. */
function file(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.byteLength));
  return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]);
}

const entry = (shape: unknown, start: unknown, end: unknown, dtype: unknown = 'F32'): unknown => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

const sample = (): StateDict =>
  new Map([
    ['b', float32Tensor([2, 2], new Float32Array([1, 2, 3, 4]))],
    ['a', float32Tensor([], new Float32Array([5]))],
    ['count', int64Tensor([], new BigInt64Array([7n]))],
    ['none', float32Tensor([0, 3], new Float32Array(0))],
    ['flags', { dtype: 'BOOL', shape: [3], data: new Uint8Array([1, 0, 1]) }],
  ]);

describe('readSafetensors', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-safetensors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads from a path what was written there', async () => {
    const path = join(folder, 'x.safetensors');
    const written = await writeSafetensors(path, sample(), { format: 'pt', note: 'é' });
    expect(written.digest).toMatch(/^sha256:/);
    const { tensors, metadata } = await readSafetensors(path);
    expect(metadata).toEqual({ format: 'pt', note: 'é' });
    expect(new Map([...tensors].sort())).toEqual(new Map([...sample()].sort()));
  });

  it('reads only the header and the asked tensor of an object in a store', async () => {
    const store = openStore(folder);
    await store.put('model', encodeSafetensors(sample()));
    const source = await storeSource(store, 'model');
    let bytesRead = 0;
    const counted: ByteSource = {
      ...source,
      read: (start, end) => {
        bytesRead += end - start;
        return source.read(start, end);
      },
    };
    const header = await readSafetensorsHeader(counted);
    expect(header.tensors.get('b')).toMatchObject({ dtype: 'F32', shape: [2, 2] });
    expect(await readTensor(counted, header, 'b')).toEqual(sample().get('b'));
    expect(bytesRead).toBeLessThan(source.sizeBytes);
    await expect(readTensor(counted, header, 'zzz')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says which file is missing', async () => {
    await expect(readSafetensors(join(folder, 'absent'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('accepts tensors in any order, trailing spaces in the header and no tensors at all', async () => {
    const header = JSON.stringify({ b: entry([1], 4, 8), a: entry([1], 0, 4) }) + '   ';
    expect([...(await readSafetensors(file(header, 8))).tensors.keys()]).toEqual(['a', 'b']);
    expect((await readSafetensors(file({}, 0))).tensors.size).toBe(0);
  });

  const bad: [fault: string, bytes: Uint8Array, message: RegExp][] = [
    ['FILE_TOO_SHORT', new Uint8Array(5), /5 bytes/],
    ['FILE_TOO_SHORT', new Uint8Array(0), /0 bytes/],
    ['HEADER_TOO_LARGE', file({}, 0, 100_000_001n), /100000001 is over the limit of 100000000/],
    ['HEADER_TOO_LARGE', file({}, 0, 2n ** 64n - 1n), /18446744073709551615/],
    ['HEADER_BEYOND_FILE', file({}, 0, 3n), /header length 3 .* 10 bytes/],
    ['HEADER_NOT_UTF8', Buffer.concat([file('', 0, 2n), Buffer.from([0x7b, 0xff])]), /UTF-8/],
    ['HEADER_NOT_JSON', file('{"a":', 0), /not JSON/],
    ['HEADER_NOT_JSON', file(' {}', 0), /must start with "\{"/],
    ['HEADER_NOT_JSON', file('', 0), /must start with "\{", but it is empty/],
    ['HEADER_NOT_UTF8', file('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /half of a/],
    ['DUPLICATE_NAME', file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\\u0061":{}}', 4), /"a"/],
    [
      'DUPLICATE_NAME',
      file('{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      /"dtype"/,
    ],
    ['METADATA_NOT_STRINGS', file({ __metadata__: { epoch: 3 } }, 0), /epoch.*got 3/],
    ['METADATA_NOT_STRINGS', file({ __metadata__: [] }, 0), /object of strings/],
    ['ENTRY_MALFORMED', file({ a: { dtype: 'F32', shape: [] } }, 4), /tensor a/],
    ['ENTRY_MALFORMED', file({ a: null }, 0), /tensor a/],
    ['UNKNOWN_DTYPE', file({ a: entry([1], 0, 4, 'FLOAT') }, 4), /tensor a.*"FLOAT"/],
    ['BAD_SHAPE', file({ a: entry([-1], 0, 4) }, 4), /tensor a.*\[-1\]/],
    ['BAD_SHAPE', file({ a: entry([1.5], 0, 4) }, 4), /1\.5/],
    ['BAD_SHAPE', file({ a: entry('4', 0, 4) }, 4), /"4"/],
    ['BAD_OFFSETS', file({ a: entry([1], 4, 0) }, 4), /\[4,0\]/],
    ['BAD_OFFSETS', file({ a: entry([1], -4, 0) }, 4), /\[-4,0\]/],
    ['BAD_OFFSETS', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), /\[0\]/],
    ['SIZE_OVERFLOW', file({ a: entry([2 ** 40, 2 ** 40], 0, 4) }, 4), /tensor a/],
    ['NOT_WHOLE_BYTES', file({ a: entry([3], 0, 2, 'F4') }, 2), /12 bits/],
    ['SIZE_MISMATCH', file({ a: entry([2], 0, 4) }, 4), /tensor a \(F32 \[2\]\) needs 8 bytes.*span 4/],
    [
      'OVERLAP',
      file({ a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12),
      /tensor b starts at 4, inside tensor a/,
    ],
    ['OVERLAP', file({ a: entry([1], 0, 4), b: entry([1], 0, 4) }, 4), /inside tensor a, which ends at 4/],
    ['HOLE', file({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12), /tensor b starts at 8.*ends at 4/],
    ['HOLE', file({ a: entry([1], 4, 8) }, 8), /the header ends at 0/],
    ['TRUNCATED', file({ a: entry([4], 0, 16) }, 12), /tensor a .*4 bytes are missing/],
    ['TRAILING_BYTES', file({ a: entry([1], 0, 4) }, 7), /3 bytes follow tensor a/],
  ];
  it.each(bad)('refuses a file with the fault %s', async (fault, bytes, message) => {
    await expect(readSafetensors(bytes)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { fault },
      message: expect.stringMatching(message) as string,
    });
  });

  it('answers any damaged header with INVALID_ARGUMENT, never with anything else', async () => {
    const good = encodeSafetensors(sample(), { format: 'pt' });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.byteLength - 1),
        fc.integer({ min: 0, max: 255 }),
        async (index, value) => {
          const bytes = good.slice();
          bytes[index] = value;
          await readSafetensors(bytes).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
          });
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  it('refuses every shortened version of a file', async () => {
    const good = encodeSafetensors(sample());
    for (let length = 0; length < good.byteLength; length++) {
      const path = join(folder, 'short');
      if (length % 50 === 0) await writeFile(path, good.subarray(0, length));
      await expect(
        readSafetensors(length % 50 === 0 ? path : good.subarray(0, length)),
      ).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });
});
