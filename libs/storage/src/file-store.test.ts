import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from './store-contract.ts';
import { openStore, type ObjectStore } from './index.ts';

let folder = '';
const open = (): ObjectStore => openStore(pathToFileURL(folder).href);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-storage-'));
});
afterEach(() => rm(folder, { recursive: true }));

storeContract('a file:// store', open);

describe('a file:// store', () => {
  it('leaves no temporary file behind when a put fails', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(10));
      throw new Error('the sender went away');
    }
    await expect(open().put('a', broken())).rejects.toThrow('the sender went away');
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
    expect(await open().head('a')).toBeUndefined();
  });

  it.each(['../escape', '/absolute', 'a//b', 'a/./b', '', '.incoming/x', 'a\\b', 'a\u0000'])(
    'refuses the key %j',
    async (key) => {
      await expect(open().head(key)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    },
  );

  it.each(['ftp://host/x', 'file://host/relative', 's3://', ''])('refuses the store URI %j', (uri) => {
    expect(() => openStore(uri)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('says why a write cannot succeed', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openStore(join(folder, 'file/below')).put('x', new Uint8Array(1))).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('a part of the path is a file'),
    });
    await expect(openStore('/proc/cassl').put('x', new Uint8Array(1))).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('/proc/cassl'),
    });
  });

  it('opens a plain folder path', async () => {
    await openStore(folder).put('x', new Uint8Array([1]));
    expect(await open().head('x')).toMatchObject({ sizeBytes: 1 });
  });

  it('holds a chunk, not the object, in memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 128; i++) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        yield await Promise.resolve(new Uint8Array(1 << 20));
      }
    }
    const receipt = await open().put('large', large());
    expect(receipt.sizeBytes).toBe(128 << 20);
    expect(peak).toBeLessThan(96 << 20);
  });
});
