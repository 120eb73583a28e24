import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  elementCount,
  float32Tensor,
  lazyState,
  pieceContent,
  readPth,
  writeSafetensors,
  type StateDict,
} from '@cassl/checkpoints';
import { detectorPreset, listParameters } from '@cassl/detector';
import { planOnnx } from '@cassl/onnx';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

// Each call starts a registry of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const main = join(import.meta.dirname, '../main.ts');
const config = detectorPreset('tiny', { classes: 2 });
let folder = '';
let state: StateDict;

async function cassl(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [main, ...args, '--home', join(folder, 'home'), '--json'],
    { cwd: folder },
  );
  return JSON.parse(stdout) as Record<string, unknown>;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-pull-'));
  state = new Map(
    [...listParameters(config)].map(([name, { shape }]) => [
      name,
      float32Tensor(
        shape,
        Float32Array.from({ length: elementCount(shape) }, (_, at) => Math.sin(at) / 9 + 0.2),
      ),
    ]),
  );
  await writeSafetensors(path('tiny.safetensors'), state);
  const categories = ['cat', 'dog'].map((name, id) => ({ id: id + 1, name }));
  await writeFile(
    path('manifest.json'),
    JSON.stringify({ model: config, categories, license: 'Apache-2.0' }),
  );
  await cassl('push', 'tiny.safetensors', '--alias', 'team/tiny', '--manifest', 'manifest.json');
});
afterAll(() => rm(folder, { recursive: true }));

describe('cassl pull', () => {
  it('writes the file that was pushed, under the digest that it names', async () => {
    const { digest } = await cassl('pull', 'team/tiny', '--out', 'own.safetensors');
    expect(await readFile(path('own.safetensors'))).toEqual(await readFile(path('tiny.safetensors')));
    expect(digest).toBe(digestOf(await readFile(path('own.safetensors'))));
  });

  it('writes a framework’s own file, and a note beside it', async () => {
    const { digest } = await cassl('pull', 'team/tiny', '--for', 'adelaidet', '--out', 'model.pth');
    const bytes = await readFile(path('model.pth'));
    expect(digest).toBe(digestOf(bytes));
    const { tensors } = await readPth(path('model.pth'));
    expect(tensors.get('proposal_generator.fcos_head.cls_logits.weight')?.shape).toEqual([2, 64, 3, 3]);
    expect(JSON.parse(await readFile(path('model.pth.json'), 'utf8'))).toMatchObject({
      framework: 'adelaidet',
    });
  });

  it('writes a detector as ONNX, with the names of its classes', async () => {
    await cassl('pull', 'team/tiny', '--for', 'onnx', '--out', 'model.onnx');
    const plan = planOnnx(lazyState(state), { config, categories: ['cat', 'dog'] });
    expect(digestOf(await readFile(path('model.onnx')))).toBe(
      digestOf(Buffer.concat(plan.pieces.map(pieceContent))),
    );
  });

  it('writes an OCI image layout that holds the same bytes', async () => {
    const { digest } = await cassl('pull', 'team/tiny', '--oci', '--out', 'image');
    const blob = async (hex: string): Promise<Buffer> => readFile(path(`image/blobs/sha256/${hex}`));
    for (const name of await readdir(path('image/blobs/sha256')))
      expect(digestOf(await blob(name))).toBe(`sha256:${name}`);
    const index = (await blob(String(digest).slice(7))).toString();
    expect(index).toContain('"org.opencontainers.image.licenses":"Apache-2.0"');
    const weights = await readFile(path('tiny.safetensors'));
    const sizes = await Promise.all(
      (await readdir(path('image/blobs/sha256'))).map(async (name) => (await blob(name)).includes(weights)),
    );
    expect(sizes.filter(Boolean)).toHaveLength(1);
    expect(await readdir(path('home/pulled'))).not.toContainEqual(expect.stringContaining('image-'));
  });
});
