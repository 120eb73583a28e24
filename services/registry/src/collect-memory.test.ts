import { execFileSync } from 'node:child_process';
import { memoryUsage } from 'node:process';
import { describe, expect, it } from 'vitest';
import { collectReceived } from './collect-memory.ts';

const MIB = 2 ** 20;

/** As a socket's reader leaves them: pieces of 64 KiB that nobody holds any more. */
function leavePieces(bytes: number): void {
  const pieces = Array.from({ length: bytes / 65_536 }, () => Buffer.allocUnsafeSlow(65_536).fill(1));
  pieces.length = 0;
}

describe('what came in', () => {
  it('is collected after so many bytes, not before', async () => {
    collectReceived(8 * MIB);
    await expect.poll(() => memoryUsage().arrayBuffers).toBeLessThan(16 * MIB);
    const before = memoryUsage().arrayBuffers;
    leavePieces(6 * MIB);
    collectReceived(MIB);
    expect(memoryUsage().arrayBuffers - before).toBeGreaterThan(5 * MIB);
    collectReceived(7 * MIB);
    await expect.poll(() => memoryUsage().arrayBuffers - before, { timeout: 10_000 }).toBeLessThan(MIB);
  });
});

describe('room for new objects', () => {
  /** MiB of it after a process has made many objects that live for a while. */
  function roomAfter(start: string): number {
    const script = `
      import { getHeapSpaceStatistics } from 'node:v8';
      import { keepYoungSmall } from ${JSON.stringify(new URL('collect-memory.ts', import.meta.url).href)};
      ${start}
      const kept = [];
      for (let i = 0; i < 600_000; i++) kept[i % 100_000] = { i, text: [i] };
      const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
      console.log(space_size / 2 ** 20);`;
    return Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
    );
  }

  it('stays as it was at the start', () => {
    expect(roomAfter('')).toBeGreaterThan(4);
    expect(roomAfter('keepYoungSmall();')).toBeLessThanOrEqual(2);
  });
});
