import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  elementCount,
  exportWeights,
  float32Tensor,
  readCheckpoint,
  writePth,
  writeSafetensors,
  type StateDict,
} from '@cassl/checkpoints';
import { detectorPreset, listParameters, parseDetectorConfig, type DetectorConfig } from '@cassl/detector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../main.ts');
let folder = '';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cassl(...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...args], { cwd: folder });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Outcome;
  }
}

/** Weights of a model, each value different. */
function weights(config: DetectorConfig, prefix = ''): StateDict {
  let counter = 0;
  const state: StateDict = new Map();
  for (const [name, { shape }] of listParameters(config)) {
    if (!name.startsWith(prefix)) continue;
    const values = new Float32Array(elementCount(shape));
    values.forEach((_, index) => (values[index] = Math.sin((counter += 0.1))));
    state.set(name, float32Tensor(shape, values));
  }
  return state;
}

const path = (name: string): string => join(folder, name);
const resnet18 = weights(parseDetectorConfig({ backbone: 'resnet18' }), 'backbone.bottom_up.');
const tiny = weights(detectorPreset('tiny', { classes: 3 }));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-import-'));
  await writeSafetensors(path('resnet18.safetensors'), resnet18);
  await writeSafetensors(path('tiny.safetensors'), tiny);
});
afterAll(() => rm(folder, { recursive: true }));

describe('cassl export and cassl import', () => {
  it.each([
    ['torchvision', 'pth'],
    ['msra', 'safetensors'],
  ])('take a backbone to %s as %s and back, bit for bit', async (framework, format) => {
    const file = `${framework}.${format}`;
    const exported = await cassl(
      ...['export', 'resnet18.safetensors', '--for', framework, '--format', format],
      ...['--backbone-only', '--out', file, '--json'],
    );
    expect(exported.stderr).toBe('');
    expect(JSON.parse(exported.stdout)).toMatchObject({
      out: file,
      framework,
      scope: 'backbone',
      skipped: [],
    });
    const imported = await cassl('import', file, '--as', 'resnet18', '--out', 'back.safetensors', '--json');
    expect(imported.stderr).toBe('');
    expect(JSON.parse(imported.stdout)).toMatchObject({ as: 'resnet18', missing: [] });
    await expectSame('back.safetensors', resnet18);
  });

  it('take a whole detector to AdelaiDet and back, and tell what its config must say', async () => {
    const exported = await cassl(
      'export',
      'tiny.safetensors',
      '--for',
      'adelaidet',
      '--out',
      'a.safetensors',
    );
    expect(exported.stdout).toContain('INPUT.FORMAT "RGB"');
    const { tensors } = await readCheckpoint(path('a.safetensors'));
    expect(tensors.has('backbone.bottom_up.res2.0.conv1.norm.weight')).toBe(true);
    const imported = await cassl(
      'import',
      'a.safetensors',
      '--as',
      'tiny',
      '--out',
      'b.safetensors',
      '--json',
    );
    expect(JSON.parse(imported.stdout)).toMatchObject({ framework: 'adelaidet', missing: [] });
    await expectSame('b.safetensors', tiny);
  });

  it('convert the first convolution for detectron2’s pixels and back', async () => {
    await cassl(
      'export',
      'resnet18.safetensors',
      '--for',
      'detectron2',
      '--pixels',
      'bgr',
      '--out',
      'bgr.safetensors',
    );
    await cassl(
      'import',
      'bgr.safetensors',
      '--as',
      'resnet18',
      '--pixels',
      'bgr',
      '--out',
      'rgb.safetensors',
    );
    const { tensors } = await readCheckpoint(path('rgb.safetensors'));
    const name = 'backbone.bottom_up.conv1.weight';
    const [ours, theirs] = [resnet18.get(name)!, tensors.get(name)!].map(
      (tensor) => new Float32Array(tensor.data.buffer),
    );
    expect(Math.max(...ours!.map((value, index) => Math.abs(value - theirs![index]!)))).toBeLessThan(1e-6);
  });

  it('import beside the caller where no file is named, and tell what MSRA weights read', async () => {
    await writePth(path('R-18.pth'), exportWeights(resnet18, 'msra').tensors);
    const { stdout } = await cassl('import', 'R-18.pth', '--as', 'resnet18');
    expect(stdout).toMatch(/^R-18\.resnet18\.safetensors {2}sha256:/);
    expect(stdout).toContain('note: msra weights read mean-subtracted BGR');
    await expectSame('R-18.resnet18.safetensors', resnet18);
    const bgr = await cassl('import', 'R-18.pth', '--as', 'resnet18', '--pixels', 'bgr');
    expect(bgr.stdout).not.toContain('note:');
  });

  it('export groups what it leaves out by reason, and keeps notes on strides under --pixels bgr', async () => {
    const { stdout } = await cassl(
      ...['export', 'tiny.safetensors', '--for', 'detectron2', '--pixels', 'bgr', '--out', 'd.safetensors'],
    );
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('left out'))).toHaveLength(1);
    expect(stdout).toContain('STRIDE_IN_1X1 False');
    expect(stdout).not.toContain('INPUT.FORMAT');
  });

  it('say in words what was skipped and why', async () => {
    const { tensors } = exportWeights(resnet18, 'torchvision', 'backbone');
    await writePth(path('classifier.pth'), tensors.set('fc.bias', float32Tensor([2], new Float32Array(2))));
    const { stdout } = await cassl('import', 'classifier.pth', '--as', 'resnet18', '--out', 'x.safetensors');
    expect(stdout).toContain('100 tensors of resnet18');
    expect(stdout).toContain('skipped 1 (the ImageNet classifier): fc.bias');
  });

  it.each<[string, () => Promise<unknown>, string[], RegExp]>([
    [
      'a checkpoint of another architecture',
      () => Promise.resolve(),
      ['resnet18.safetensors', '--as', 'resnet50'],
      /not resnet50: tensor backbone\.bottom_up\.layer1\.0\.conv1\.weight: its shape is \[64, 64, 3, 3\], the model's is \[64, 64, 1, 1\]/,
    ],
    [
      'a checkpoint of something else entirely',
      () =>
        writeSafetensors(path('bad'), new Map([['encoder.weight', float32Tensor([1], new Float32Array(1))]])),
      ['bad', '--as', 'resnet18'],
      /no tensor has a name of .* encoder\.weight/,
    ],
    [
      'a truncated file',
      async () => {
        await writeSafetensors(path('bad'), resnet18);
        await truncate(path('bad'), 1_000_000);
      },
      ['bad', '--as', 'resnet18'],
      /bytes are missing/,
    ],
    [
      'a NaN weight',
      () => {
        const name = 'backbone.bottom_up.layer1.0.bn1.bias';
        const values = new Float32Array(64).fill(NaN, 5);
        return writeSafetensors(path('bad'), new Map(resnet18).set(name, float32Tensor([64], values)));
      },
      ['bad', '--as', 'resnet18'],
      /layer1\.0\.bn1\.bias of shape \[64\] holds NaN at element 5/,
    ],
    [
      'a text file',
      () => writeFile(path('bad'), 'hello world, this is text'),
      ['bad', '--as', 'resnet18'],
      /bad is no checkpoint: it starts with "hello wor"/,
    ],
    [
      'a Git LFS pointer',
      () => writeFile(path('bad'), 'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n'),
      ['bad', '--as', 'resnet18'],
      /it starts with "version h" \(a Git LFS pointer: the weights themselves were not fetched\)/,
    ],
    ['a missing file', () => Promise.resolve(), ['absent', '--as', 'resnet18'], /cannot open absent/],
    [
      'an unknown model',
      () => Promise.resolve(),
      ['resnet18.safetensors', '--as', 'resnet19'],
      /--as must be one of resnet18/,
    ],
  ])('refuse %s with one clear line', async (_, make, args, message) => {
    await make();
    const before = await readdir(folder);
    const { code, stdout, stderr } = await cassl('import', ...args, '--out', 'never.safetensors');
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(before);
  });
});

/** Every tensor, bit for bit; `toEqual` would take minutes over so many bytes. */
async function expectSame(file: string, expected: StateDict): Promise<void> {
  const { tensors } = await readCheckpoint(path(file));
  expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { shape, data }] of expected) {
    expect(tensors.get(name)!.shape).toEqual(shape);
    expect(Buffer.compare(tensors.get(name)!.data, data), name).toBe(0);
  }
}
