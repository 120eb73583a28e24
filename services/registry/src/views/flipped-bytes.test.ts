import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32Tensor, type StateDict } from '@cassl/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

/** Large enough that the flipped byte is far from every header. */
function tensors(seed: number): StateDict {
  const filled = (shape: number[]) =>
    float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(seed));
  return new Map([
    ['backbone.bottom_up.conv1.weight', filled([64, 3, 7, 7])],
    ['backbone.bottom_up.bn1.weight', filled([64])],
    ['backbone.bottom_up.bn1.bias', filled([64])],
    ['backbone.bottom_up.bn1.running_mean', filled([64])],
    ['backbone.bottom_up.bn1.running_var', filled([64])],
    ['backbone.bottom_up.layer1.0.conv1.weight', filled([64, 64, 1, 1])],
  ]);
}

let views: TestViews;
let digest: string;
let bytes: Uint8Array;
let path: string;

/** Addresses that give bytes of the checkpoint, whole or in another form. */
const ADDRESSES = [
  ['the stored file', () => '/v1/checkpoints/net@prod/file'],
  ['the stored file by digest', () => `/v1/checkpoints/${digest}/file`],
  ['another framework’s safetensors', () => '/v1/checkpoints/net@prod/x.safetensors?for=timm'],
  ['a .pth', () => '/v1/checkpoints/net@prod/x.pth?for=torchvision'],
  ['the addresses of a framework’s files', () => '/v1/checkpoints/net@prod?for=mmdet'],
  ['TensorFlow.js’s manifest', () => '/v1/checkpoints/net@prod/tfjs/model.json'],
  ['TensorFlow.js’s first shard', () => '/v1/checkpoints/net@prod/tfjs/group1-shard1of1.bin'],
  ['the Hub’s file', () => '/cassl/net/resolve/main/model.safetensors'],
  ['the Hub’s file of a framework', () => '/cassl/net-torchvision/resolve/main/model.pth'],
  ['the Hub’s listing of a framework', () => '/api/models/cassl/net-timm/tree/main'],
  ['an image’s manifest', () => '/v2/cassl/net/manifests/prod'],
  ['a ModelPack’s manifest', () => '/v2/modelpack/cassl/net/manifests/prod'],
  ['a blob', () => `/v2/cassl/net/blobs/sha256:${digest}`],
] as const;

async function grpcBytes(): Promise<number> {
  let received = 0;
  const download = views.client.downloadCheckpoint({ reference: 'net@prod' }, { deadlineMs: 30_000 });
  for await (const { chunk } of download) received += chunk.length;
  return received;
}

beforeAll(async () => {
  views = await startViews();
  ({ digest, bytes } = await views.publish(tensors(1), { aliases: ['net@prod'] }));
  path = join(views.folder, 'data/blobs/sha256', digest.slice(0, 2), digest);
});
afterAll(() => views.stop());

describe('a byte that was flipped in the stored file', () => {
  it('was none while the file was right: every view serves it', async () => {
    for (const [name, address] of ADDRESSES) {
      const { status } = await views.get(address());
      expect(`${name}: ${status}`).toBe(`${name}: 200`);
    }
    expect(await grpcBytes()).toBe(bytes.length);
  });

  it('is refused by gRPC and by every view, whole, by range and by HEAD, also where its digest was known', async () => {
    const damaged = Buffer.from(await readFile(path));
    damaged[damaged.length >> 1]! ^= 0x10;
    await writeFile(path, damaged);
    await expect(grpcBytes()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    for (const [name, address] of ADDRESSES) {
      for (const init of [{}, { headers: { range: 'bytes=0-9' } }, { method: 'HEAD' }]) {
        const answer = await views.get(address(), init);
        const shown = await answer.text();
        expect(`${name}: ${answer.status >= 500}`).toBe(`${name}: true`);
        expect(shown).not.toContain(views.folder);
      }
    }
  });

  it('is named by verification, and nothing moves to the file', async () => {
    const found = [];
    for await (const result of views.client.verifyCheckpoints({}, { deadlineMs: 30_000 })) found.push(result);
    expect(found).toMatchObject([{ digest, damage: expect.stringContaining('sha256') as string }]);
    await expect(views.client.setAlias({ alias: 'other', reference: digest })).rejects.toMatchObject({
      code: 'DATA_LOSS',
    });
  });

  it('is gone after the same bytes were published again', async () => {
    await views.publish(tensors(1));
    expect(await grpcBytes()).toBe(bytes.length);
    for (const [name, address] of ADDRESSES) {
      const { status } = await views.get(address());
      expect(`${name}: ${status}`).toBe(`${name}: 200`);
    }
  });
});
