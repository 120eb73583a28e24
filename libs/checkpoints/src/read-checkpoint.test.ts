import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32Tensor, readCheckpoint, writeSafetensors, type StateDict } from './index.ts';
import { lazyState } from './lazy-tensor.ts';
import { pieceContent } from './file-piece.ts';
import { pklPieces } from './pth/pkl-pieces.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

const one = (name: string, value: number): StateDict =>
  new Map([[name, float32Tensor([2], new Float32Array(2).fill(value))]]);

const bugs = resolve(process.env.CASSL_SHARED ?? '../shared', 'bugs/16-safetensors-headers');

describe.skipIf(!existsSync(bugs))('safetensors headers of the wild (needs ../shared)', () => {
  const read = (name: string) => readCheckpoint(join(bugs, name));

  it.each(['meta-null', 'extra-key', 'meta-empty', 'zero'])('reads %s', async (name) => {
    expect((await read(`${name}.safetensors`)).tensors.size).toBeGreaterThan(0);
  });

  it.each([
    ['meta-int', '__metadata__'],
    ['dup', 'occurs twice'],
  ])('refuses %s by the name of the file', async (name, reason) => {
    const message = expect.stringMatching(`^${name}\\.safetensors: .*${reason}`) as string;
    await expect(read(`${name}.safetensors`)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });
});

describe('readCheckpoint', () => {
  it('reads a folder of shards by its index', async () => {
    const shards = join(folder, 'shards');
    await mkdir(shards);
    await writeSafetensors(join(shards, 'model-00001-of-00002.safetensors'), one('a', 1));
    await writeSafetensors(join(shards, 'model-00002-of-00002.safetensors'), one('b', 2));
    const weight_map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
    await writeFile(join(shards, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    expect([...(await readCheckpoint(shards)).tensors.keys()]).toEqual(['a', 'b']);
  });

  it.each([
    ['{"weight_map":{"a":"../secret"}}', 'which is not beside it'],
    ['{"weight_map":{"a":"gone.safetensors"}}', 'gone.safetensors'],
    ['{"weights":1}', 'no index of shards'],
    ['{', 'starts like JSON'],
  ])('refuses the index %s with a true reason', async (text, reason) => {
    const path = join(folder, 'bad.index.json');
    await writeFile(path, text);
    await expect(readCheckpoint(path)).rejects.toThrow(reason);
  });

  it('says what a folder has where it can’t choose', async () => {
    const several = join(folder, 'several');
    await mkdir(several);
    await expect(readCheckpoint(several)).rejects.toThrow('nor any other file of weights');
    for (const name of ['a', 'b']) await writeSafetensors(join(several, `${name}.safetensors`), one('x', 1));
    await expect(readCheckpoint(several)).rejects.toThrow(
      'several files of weights: a.safetensors, b.safetensors; name one',
    );
  });

  it('reads the .pkl that it writes for detectron2', async () => {
    const path = join(folder, 'R-50.pkl');
    const state = new Map([...one('conv1_w', 3), ['scalar', float32Tensor([], new Float32Array([7]))]]);
    await writeFile(path, Buffer.concat(pklPieces(lazyState(state), 'Caffe2').map(pieceContent)));
    expect(await readCheckpoint(path)).toMatchObject({ tensors: state, key: 'model' });
  });
});
