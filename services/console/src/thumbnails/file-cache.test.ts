import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openFileCache } from './file-cache.ts';

it('keeps files until they take more than the room, then the oldest go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-cache-'));
  try {
    const cache = openFileCache(folder, 350);
    for (const name of ['a', 'b', 'c', 'd']) {
      await cache.put(name, new Uint8Array(100));
      // Ages are told by the file system's clock.
      await delay(15);
    }
    expect((await readdir(folder)).sort()).toEqual(['c', 'd']);
    expect(await cache.get('a')).toBeUndefined();
    expect((await cache.get('d'))?.byteLength).toBe(100);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
