import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bytesSource,
  float32Tensor,
  int64Tensor,
  pthChunks,
  readCheckpoint,
  readPth,
  writePth,
  writeSafetensors,
  type PthOptions,
  type StateDict,
} from '../index.ts';

const sample = (): StateDict =>
  new Map([
    [
      'conv.weight',
      float32Tensor(
        [2, 1, 2, 2],
        Float32Array.from({ length: 8 }, (_, i) => i / 3),
      ),
    ],
    ['bn.num_batches_tracked', int64Tensor([], new BigInt64Array([-5n]))],
    ['half', { dtype: 'F16', shape: [3], data: new Uint8Array([0, 60, 0, 64, 0, 66]) }],
    ['flags', { dtype: 'BOOL', shape: [2], data: new Uint8Array([1, 0]) }],
    ['none', float32Tensor([0, 4], new Float32Array(0))],
  ]);

const file = (state: StateDict, options?: PthOptions): Buffer =>
  Buffer.concat([...pthChunks(state, options)]);
const read = async (bytes: Uint8Array): Promise<StateDict> =>
  (await readPth(bytesSource(new Uint8Array(bytes)))).tensors;

/** A bare pickle of protocol 2 from pieces of text and opcodes. */
const pickle = (...pieces: (string | number[])[]): Buffer =>
  Buffer.concat([[0x80, 2], ...pieces].map((piece) => Buffer.from(piece as string, 'latin1')));

describe('writePth and readPth', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-pth-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives back every tensor, bit for bit', async () => {
    const path = join(folder, 'x.pth');
    await writePth(path, sample());
    expect((await readPth(path)).tensors).toEqual(sample());
  });

  it('finds the tensors under the key that wraps them', async () => {
    expect(await read(file(sample(), { wrap: 'model' }))).toEqual(sample());
  });

  it('aligns every tensor to 64 bytes and is the same file each time', () => {
    const bytes = file(sample());
    expect(file(sample()).equals(bytes)).toBe(true);
    for (let at = bytes.indexOf('PK\u0003\u0004'); at >= 0; at = bytes.indexOf('PK\u0003\u0004', at + 1)) {
      expect((at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)) % 64).toBe(0);
    }
  });

  it('tells containers apart by their content, whatever the name', async () => {
    await writePth(join(folder, 'a.bin'), sample());
    await writeSafetensors(join(folder, 'b.bin'), sample());
    expect((await readCheckpoint(join(folder, 'a.bin'))).tensors).toEqual(sample());
    expect((await readCheckpoint(join(folder, 'b.bin'))).metadata).toEqual({ format: 'pt' });
    await writeFile(join(folder, 'c.bin'), 'not a checkpoint at all');
    await expect(readCheckpoint(join(folder, 'c.bin'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/c\.bin is no checkpoint: it starts with "not a che"/) as string,
    });
  });

  it('refuses to run code, and says what the file asked for', async () => {
    const system = pickle('cposix\nsystem\n', '(X\u0002\u0000\u0000\u0000idtR.');
    await expect(read(system)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('posix.system') as string,
    });
    const evaluated = pickle('cbuiltins\neval\n', '(X\u0001\u0000\u0000\u00001tR.');
    await expect(read(evaluated)).rejects.toThrow('builtins.eval');
    await expect(read(pickle('csubprocess\nPopen\n', ')\u0081.'))).rejects.toThrow('subprocess.Popen');
  });

  it.each<[string, string]>([
    ['the arguments of a command line', 'cargparse\nNamespace\n)\u0081}X\u0002\u0000\u0000\u0000lrK\u0001sb'],
    ['the milestones of a scheduler', 'ccollections\nCounter\n}K\u0003K\u0001s\u0085R'],
    ['a dict with a default', 'ccollections\ndefaultdict\ncbuiltins\nlist\n\u0085RK\u0001K\u0002s'],
    ['a folder', 'cpathlib\nPosixPath\nX\u0003\u0000\u0000\u0000out\u0085R'],
    ['a device', 'ctorch\ndevice\nX\u0003\u0000\u0000\u0000cpu\u0085R'],
  ])('takes %s beside the weights for what it is: no weight', async (_, settings) => {
    const key = 'X\u0001\u0000\u0000\u0000a';
    await expect(read(pickle(`}${key}${settings}s.`))).rejects.toThrow('no tensors; its entries are a');
  });

  it('does not call what settings name', async () => {
    // A path cannot be made bare, and a default is never asked for.
    await expect(read(pickle('cpathlib\nPosixPath\n)\u0081.'))).rejects.toThrow('0x81');
    await expect(read(pickle('cbuiltins\ngetattr\n.'))).rejects.toThrow('builtins.getattr');
  });

  it.each<[string, Buffer, string]>([
    ['an opcode that makes objects (NEWOBJ)', pickle('ccollections\nOrderedDict\n)\u0081.'), '0x81'],
    ['an instance opcode', pickle('(iposix\nsystem\n.'), '0x69'],
    ['a call of a string', pickle('X\u0001\u0000\u0000\u0000a)R.'), 'not a constructor'],
    ['an unfilled memo slot', pickle('h\u0007.'), 'slot 7'],
    ['an underflowing stack', pickle('R.'), 'damaged'],
    ['a missing mark', pickle('t.'), 'damaged'],
    ['a list instead of a dict', pickle('].'), 'no dict'],
    [
      'a dict without tensors',
      pickle('}X\u0001\u0000\u0000\u0000aK\u0001s.'),
      'no tensors; its entries are a',
    ],
    ['an early end', pickle('X\u00ff\u0000\u0000\u0000abc'), 'in the middle'],
    ['an endless name', pickle('ccollections'), 'in the middle of a name'],
    ['nothing', Buffer.alloc(0), 'neither an archive nor a pickle'],
    ['text', Buffer.from('hello'), 'neither an archive nor a pickle'],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    });
  });

  it('refuses to make text of nested lists, which would take 2^64 steps', async () => {
    // A list of one list twice, which is a list of one list twice, …
    const nested = `]q\u0000${'](h\u0000h\u0000eq\u0000'.repeat(64)}`;
    await expect(read(pickle(nested, 'h\u0000', '\u0093.'))).rejects.toThrow('not text');
    await expect(read(pickle(nested, 'cnumpy\ndtype\nh\u0000\u0085R.'))).rejects.toThrow('no type code');
    await expect(read(pickle(nested, 'c_codecs\nencode\nh\u0000\u0085R.'))).rejects.toThrow('or bytes');
    await expect(read(pickle(nested, '}h\u0000K\u0001s.'))).rejects.toThrow('its entries are none');
  });

  it('refuses a numpy array whose shape is not of counts', async () => {
    const dtype = 'cnumpy\ndtype\n(X\u0002\u0000\u0000\u0000f4tR';
    const array = (shape: string) =>
      pickle(
        '}X\u0001\u0000\u0000\u0000wcnumpy._core.multiarray\n_reconstruct\n)R',
        `(K\u0001${shape}${dtype}\u0089C\u0008${'\u0000'.repeat(8)}tbs.`,
      );
    expect((await read(array('K\u0001K\u0002\u0086'))).get('w')?.shape).toEqual([1, 2]);
    // -1 · -2 numbers are two as well.
    const minus = (n: number) => `J${String.fromCharCode(256 - n)}\u00ff\u00ff\u00ff`;
    await expect(read(array(`${minus(1)}${minus(2)}\u0086`))).rejects.toThrow('not plain little-endian');
  });

  it('finds the weights of Detectron1 under blobs', async () => {
    expect(await read(file(sample(), { wrap: 'blobs' }))).toEqual(sample());
  });

  it('refuses a truncated file wherever it was cut', async () => {
    const bytes = file(sample());
    for (let length = 0; length < bytes.byteLength; length += 7) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('refuses a tensor that reaches beyond its storage', async () => {
    const bytes = file(new Map([['w', float32Tensor([4], new Float32Array(4))]]));
    // The only BININT 4 after the count is the size: the shape says 5 now.
    const size = bytes.indexOf(Buffer.from([0x28, 0x4a, 4, 0, 0, 0, 0x74]));
    bytes[size + 2] = 5;
    await expect(read(bytes)).rejects.toThrow('tensor w [5] reaches element 4 of a storage of 4');
  });

  it('answers any damaged byte with INVALID_ARGUMENT or with tensors, never with another error', async () => {
    const good = file(sample());
    for (let index = 0; index < good.byteLength; index++) {
      const bytes = Buffer.from(good);
      bytes[index] = bytes[index]! ^ 0x55;
      await read(bytes).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      });
    }
  });

  it('refuses a dtype that PyTorch has no storage for', () => {
    const state: StateDict = new Map([['x', { dtype: 'F8_E4M3', shape: [1], data: new Uint8Array(1) }]]);
    expect(() => file(state)).toThrow('tensor x is F8_E4M3');
  });
});
