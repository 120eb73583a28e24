import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writePth, writeSafetensors, type StateDict } from './index.ts';

const python = resolve(process.env.CASSL_PYTHON ?? '.tools/python/bin/python');

function run(...args: string[]): void {
  const result = spawnSync(python, [join(import.meta.dirname, 'checkpoints.interop.py'), ...args], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`${args.join(' ')}: ${result.stdout}${result.stderr}`);
}

describe.skipIf(!existsSync(python))('checkpoints between Node and Python (needs CASSL_PYTHON)', () => {
  let folder = '';
  let expected: StateDict;
  const read = async (name: string): Promise<StateDict> => (await readCheckpoint(join(folder, name))).tensors;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-interop-'));
    run('save', folder);
    expected = await read('expected.safetensors');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['zip.pth', 'legacy.pth', 'nested.pth'])(
    'reads %s of torch.save as safetensors has it',
    async (name) => {
      const state = await read(name);
      expect([...state.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [tensor, value] of state) {
        expect(value.dtype).toBe(expected.get(tensor)!.dtype);
        expect(value.shape).toEqual(expected.get(tensor)!.shape);
        expect(Buffer.compare(value.data, expected.get(tensor)!.data)).toBe(0);
      }
    },
  );

  it('reads a module’s state dict with its attributes', async () => {
    expect([...(await read('module.pth')).keys()]).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
      '1.running_mean',
      '1.running_var',
      '1.num_batches_tracked',
    ]);
  });

  it.each(['protocol2.pkl', 'protocol4.pkl', 'protocol5.pkl'])(
    'reads the numpy arrays of %s',
    async (name) => {
      const state = await read(name);
      expect(state.get('conv1_w')!.shape).toEqual([4, 3, 2, 2]);
      expect(Buffer.compare(state.get('conv1_w')!.data, expected.get('weight')!.data)).toBe(0);
    },
  );

  it('refuses a pickled module', async () => {
    await expect(read('code.pth')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('torch.nn.modules.conv.Conv2d') as string,
    });
  });

  it('writes files that PyTorch (mapped too) and safetensors read bit for bit, and the official writer’s very bytes', async () => {
    await writePth(join(folder, 'ours.pth'), expected);
    await writePth(join(folder, 'wrapped.pth'), expected, { wrap: 'model' });
    await writeSafetensors(join(folder, 'ours.safetensors'), expected);
    run('compare', folder);
  });
});
