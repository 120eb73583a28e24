import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it.each(['completion bash', '--help'])('cassl %s ends without a word where nobody reads on', async (call) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...call.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Before it has written anything.
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, err }).toEqual({ code: 0, err: '' });
});
