import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { torchIsBuilt } from './testing.ts';

const script = join(import.meta.dirname, 'leave-while-computing.ts');

describe.skipIf(!torchIsBuilt)('leaving in the middle of work (needs the built addon)', () => {
  it.each([
    ['two workers are terminated', 0],
    ['two workers end by themselves', 0],
    ['process.exit with workers at work', 0],
    ['process.exit with reads under way', 0],
    ['an error that nobody catches', 1],
  ])('%s: exits with %i and no signal', (way, expected) => {
    const { status, signal, stderr } = spawnSync(process.execPath, [script, way], { encoding: 'utf8' });
    expect({ status, signal, stderr: expected === 0 ? stderr : '' }).toEqual({
      status: expected,
      signal: null,
      stderr: '',
    });
  });
});
