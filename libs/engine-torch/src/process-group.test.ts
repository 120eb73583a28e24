import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import getPort from 'get-port';
import { loadTorchAddon } from './native-addon.ts';
import { torchIsBuilt } from './testing.ts';

const hasCollectives = torchIsBuilt && loadTorchAddon().operations['openGroup'] !== undefined;

/** Runs `body` as one rank in a process of its own; what it returns comes back. */
async function rankProcess(options: object, body: string): Promise<unknown> {
  const script = `
    import * as tf from '@tensorflow/tfjs-core';
    import { openProcessGroup, registerTorchBackend } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    registerTorchBackend({ device: 'cpu', threads: 1 });
    await tf.setBackend('torch');
    const run = () => { const group = openProcessGroup(${JSON.stringify(options)}); ${body} };
    try { console.log(JSON.stringify(run())); } catch (error) { console.log(JSON.stringify({ code: error.code })); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse((await text(child.stdout)).trim().split('\n').at(-1)!);
}

describe.skipIf(!hasCollectives)('collectives (need the addon built with c10d)', () => {
  it('average, sum and broadcast between two processes', async () => {
    const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
    const body = `
      const mine = [tf.fill([2, 2], group.rank + 1), tf.tensor1d([10 * group.rank])];
      const [mean, second] = group.allReduce(mine, 'mean');
      const [sum] = group.allReduce([mine[0]], 'sum');
      const [shared] = group.broadcast([mine[1]], 1);
      group.barrier();
      const said = { mean: [...mean.dataSync()], second: [...second.dataSync()], sum: [...sum.dataSync()], shared: [...shared.dataSync()] };
      group.close();
      return said;`;
    const all = await Promise.all([0, 1].map((rank) => rankProcess({ rank, size: 2, address }, body)));
    const expected = { mean: [1.5, 1.5, 1.5, 1.5], second: [5], sum: [3, 3, 3, 3], shared: [10] };
    expect(all).toEqual([expected, expected]);
  });

  it('keep type, shape and order over many messages', async () => {
    const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
    // 16 MiB each: with a small one between them they make three messages; the whole numbers travel on their own.
    const body = `
      const big = (value) => tf.fill([2048, 2048], value);
      const mine = [big(1), tf.scalar(group.rank), big(2), tf.tensor1d([3, group.rank], 'int32'), tf.tensor1d([group.rank > 0, false], 'bool'), big(4)];
      const sums = group.allReduce(mine, 'sum').map((sum) => {
        const values = sum.dataSync();
        return [sum.dtype, sum.shape, values[0], values[values.length - 1]];
      });
      let refusal = '';
      try { group.allReduce([mine[3]], 'mean'); } catch (error) { refusal = error.code + ' ' + error.message; }
      group.close();
      return { sums, refusal };`;
    const all = await Promise.all([0, 1].map((rank) => rankProcess({ rank, size: 2, address }, body)));
    const expected = {
      sums: [
        ['float32', [2048, 2048], 2, 2],
        ['float32', [], 1, 1],
        ['float32', [2048, 2048], 4, 4],
        ['int32', [2], 6, 1],
        ['bool', [2], 1, 0],
        ['float32', [2048, 2048], 8, 8],
      ],
      refusal: expect.stringMatching(/^INVALID_ARGUMENT .*float32/),
    };
    expect(all).toEqual([expected, expected]);
  });

  it('sum what was started while other work goes on, and gather plain data of any length', async () => {
    const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
    const body = `
      const mine = [tf.fill([2048, 2048], group.rank + 1), tf.tensor1d([group.rank])];
      const first = group.startSum(mine);
      const second = group.startSum([tf.scalar(10 ** group.rank)]);
      const between = group.gather({ rank: group.rank, text: 'ä'.repeat(group.rank * 3000) });
      const sums = [...first.finish(), ...second.finish()].map((sum) => [sum.shape, sum.dataSync()[0]]);
      let refusal = '';
      try { first.finish(); } catch (error) { refusal = error.code; }
      group.close();
      return { sums, refusal, between: between.map(({ rank, text }) => [rank, text.length]) };`;
    const all = await Promise.all([0, 1].map((rank) => rankProcess({ rank, size: 2, address }, body)));
    const expected = {
      sums: [
        [[2048, 2048], 3],
        [[1], 1],
        [[], 11],
      ],
      refusal: 'INVALID_ARGUMENT',
      between: [
        [0, 0],
        [1, 3000],
      ],
    };
    expect(all).toEqual([expected, expected]);
  });

  it('are an error once the group is closed', async () => {
    const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
    const body = `group.close(); group.close(); return group.allReduce([tf.scalar(1)], 'sum');`;
    expect(await rankProcess({ rank: 0, size: 1, address }, body)).toEqual({ code: 'INVALID_ARGUMENT' });
  });

  it('give up on a peer that does not come', async () => {
    const address = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
    const said = await rankProcess({ rank: 0, size: 2, address, timeoutMs: 1500 }, 'return {};');
    expect(said).toEqual({ code: expect.stringMatching(/^(DEADLINE_EXCEEDED|UNAVAILABLE)$/) });
  });
});
