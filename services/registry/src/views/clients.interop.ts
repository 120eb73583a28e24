import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { float32Tensor, importWeights, readCheckpoint, toFloat32, type StateDict } from '@cassl/checkpoints';
import { downloadFile, listFiles } from '@huggingface/hub';
import { io } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

const run = promisify(execFile);
const python = resolve(process.env.CASSL_PYTHON ?? '.tools/python/bin/python');
/** A Python with an earlier major version of huggingface_hub. */
const earlierPython = resolve(process.env.CASSL_PYTHON_HUB1 ?? '.tools/python-hub1/bin/python');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function client(executable: string, ...args: string[]): Promise<Record<string, unknown>> {
  return clientWith({}, executable, ...args);
}

async function clientWith(
  settings: Readonly<Record<string, string>>,
  executable: string,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const script = join(import.meta.dirname, 'clients.interop.py');
  const home = await mkdtemp(join(tmpdir(), 'hf-'));
  const env = { ...process.env, HF_HUB_DISABLE_XET: '0', HF_HOME: home, ...settings };
  try {
    const { stdout } = await run(executable, [script, ...args], {
      env,
      timeout: 300_000,
      maxBuffer: 2 ** 24,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const has = async (tool: string): Promise<boolean> =>
  run(tool, ['--version']).then(
    () => true,
    () => false,
  );

describe.skipIf(!existsSync(python))(
  'unchanged clients of the registry’s HTTP port (needs CASSL_PYTHON)',
  () => {
    let views: TestViews;
    let folder = '';
    let resnet: { digest: string; bytes: Uint8Array };
    let swin: { digest: string };
    let resnetState: StateDict;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cassl-clients-'));
      await client(python, 'make_models', 'http://unused', folder);
      views = await startViews();
      resnetState = await imported('resnet');
      const swinState = await imported('swin');
      // A detector's Swin has a norm for each output.
      for (const [stage, width] of [96, 192, 384, 768].entries()) {
        for (const [part, value] of [
          ['weight', 1.25],
          ['bias', 0.125],
        ] as const) {
          const values = new Float32Array(width).fill(value);
          swinState.set(`backbone.bottom_up.norm${stage}.${part}`, float32Tensor([width], values));
        }
      }
      resnet = await views.publish(resnetState, { aliases: ['resnet@prod', 'resnet@candidate'] });
      swin = await views.publish(swinState, { aliases: ['swin@prod'] });
    });
    afterAll(async () => {
      await views.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function imported(name: string): Promise<StateDict> {
      return importWeights((await readCheckpoint(join(folder, `${name}.safetensors`))).tensors).tensors;
    }

    const expectHub = (answer: Record<string, unknown>): void => {
      expect(answer).toMatchObject({
        sha256: resnet.digest,
        snapshot: resnet.digest,
        snapshotFiles: ['README.md', 'cassl.json', 'model.safetensors'],
        files: ['README.md', 'cassl.json', 'model.safetensors'],
        frameworkFiles: ['README.md', 'cassl.json', 'model.pth', 'model.pth.json'],
        lfs: [resnet.digest],
        branches: ['candidate', 'main', 'prod'],
        paths: ['README.md'],
        models: ['cassl/resnet'],
        card: 'cassl',
        tensors: resnetState.size,
        who: 'anonymous',
        again: true,
        errors: [
          'RepositoryNotFoundError',
          'RevisionNotFoundError',
          'EntryNotFoundError',
          'RepositoryNotFoundError',
        ],
      });
      expect(answer.commits).toContain(answer.sha);
    };

    it('huggingface_hub 2: downloads, snapshots, listings, refs, errors', async () => {
      const answer = await client(python, 'hub', views.url, 'cassl/resnet', 'cassl/resnet-mmdet');
      expect(answer.version).toMatch(/^2\./);
      expectHub(answer);
    });

    it.skipIf(!existsSync(earlierPython))(
      'huggingface_hub 1 (needs CASSL_PYTHON_HUB1): the same',
      async () => {
        const answer = await client(earlierPython, 'hub', views.url, 'cassl/resnet', 'cassl/resnet-mmdet');
        expect(answer.version).toMatch(/^1\./);
        expectHub(answer);
      },
    );

    it('huggingface_hub goes on where a connection was cut', async () => {
      const proxy = await cuttingProxy(new URL(views.url).port, 30 * 2 ** 20);
      try {
        const answer = await client(python, 'download', proxy.url, 'cassl/resnet', 'model.safetensors');
        expect(answer.sha256).toBe(resnet.digest);
        expect(proxy.cuts()).toBeGreaterThan(0);
      } finally {
        await proxy.close();
      }
    });

    it('timm and transformers load ResNet and Swin whole, with nothing missing or unexpected, and agree', async () => {
      const answer = await client(python, 'timm_and_transformers', views.url);
      for (const name of ['resnet', 'swin']) {
        expect(answer[name]).toMatchObject({ missing: [], unexpected: [], mismatched: [] });
        expect((answer[name] as { difference: number }).difference).toBeLessThan(1e-4);
      }
    });

    it('torch.hub checks the hash in the name, mmengine loads the same address', async () => {
      const facts = await (await views.get('/v1/checkpoints/resnet@prod?for=timm')).json();
      const { pth } = facts as { pth: string };
      const loaded = await client(python, 'torch_hub', views.url, pth);
      expect(loaded).toMatchObject({ missing: [], unexpected: [], tensors: 318 });
      expect(await client(python, 'mmengine', views.url, pth)).toEqual({ tensors: 318 });
    });

    it('@huggingface/hub for JavaScript lists and downloads', async () => {
      const repo = { type: 'model' as const, name: 'cassl/resnet' };
      const paths: string[] = [];
      for await (const { path } of listFiles({ repo, hubUrl: views.url })) paths.push(path);
      expect(paths.sort()).toEqual(['README.md', 'cassl.json', 'model.safetensors']);
      const blob = await downloadFile({ repo, path: 'model.safetensors', hubUrl: views.url, xet: false });
      expect(sha256(new Uint8Array(await blob!.arrayBuffer()))).toBe(resnet.digest);
    });

    it('TensorFlow.js loads the weights in its own layouts', async () => {
      const handler = io.http(`${views.url}/v1/checkpoints/resnet@prod/tfjs/model.json`);
      const { weightSpecs, weightData } = await handler.load!();
      const buffer = new io.CompositeArrayBuffer(weightData).slice();
      const weights = io.decodeWeights(buffer, weightSpecs!);
      const name = 'backbone.bottom_up.layer1.0.conv2.weight';
      const theirs = weights[name]!;
      const ours = resnetState.get(name)!;
      const [outputs, inputs, height, width] = ours.shape as [number, number, number, number];
      expect(theirs.shape).toEqual([height, width, inputs, outputs]);
      const [values, original] = [await theirs.data(), toFloat32(ours)];
      for (const [o, i, y, x] of [
        [0, 0, 0, 0],
        [5, 7, 2, 1],
        [63, 63, 1, 2],
      ] as const) {
        const at = ((y * width + x) * inputs + i) * outputs + o;
        expect(values[at]).toBe(original[((o * inputs + i) * height + y) * width + x]);
      }
    });

    it('skopeo copies the image and the ModelPack artifact, digests checked', async (context) => {
      if (!(await has('skopeo'))) context.skip('skopeo is not installed');
      const address = views.url.replace('http://', 'docker://');
      for (const [name, wanted] of [
        ['cassl/resnet:prod', 'model.safetensors'],
        ['modelpack/cassl/resnet:prod', undefined],
        ['cassl/swin-timm:latest', 'models/model.safetensors'],
      ] as const) {
        const target = await mkdtemp(join(folder, 'oci-'));
        await run('skopeo', ['copy', '--src-tls-verify=false', `${address}/${name}`, `dir:${target}`]);
        const files = await readdir(target);
        const contents = await Promise.all(files.map((file) => readFile(join(target, file))));
        if (wanted === undefined) expect(contents.map(sha256)).toContain(resnet.digest);
        else expect(contents.some((bytes) => bytes.includes(wanted))).toBe(true);
        if (name === 'cassl/resnet:prod')
          expect(contents.some((bytes) => bytes.includes(Buffer.from(resnet.bytes)))).toBe(true);
      }
    });

    it('stored nothing twice for all of these', async () => {
      const kept = await sizeOf(join(views.folder, 'data'));
      const published =
        resnet.bytes.length +
        Number((await views.client.getCheckpoint({ reference: swin.digest })).checkpoint!.sizeBytes);
      expect(kept / published).toBeLessThan(1.02);
    });
  },
);

describe.skipIf(!existsSync(python))('huggingface_hub pushes (needs CASSL_PYTHON)', () => {
  const TOKEN = 'hf_writer-token-0123456789';
  const tokens = [{ name: 'writer', token: TOKEN, scopes: ['publish', 'promote'], aliases: ['team/'] }];
  let views: TestViews;
  beforeAll(async () => {
    views = await startViews({ tokens });
  });
  afterAll(() => views.stop());

  /** 8 MB go inside a commit, nothing set; 200 MB by LFS in parts, without Xet. */
  it.for<readonly [string, string, string, Record<string, string>]>([
    ['2', python, '8', {}],
    ['2', python, '200', { HF_HUB_DISABLE_XET: '1' }],
    ['1', earlierPython, '9', {}],
    ['1', earlierPython, '201', { HF_HUB_DISABLE_XET: '1' }],
  ])(
    'version %s: %s pushes a folder of %s MB, branches, tags, deletions',
    async ([version, executable, megabytes, settings], { skip }) => {
      skip(!existsSync(executable), `${executable} is not here`);
      const folder = await mkdtemp(join(tmpdir(), 'cassl-push-'));
      try {
        const answer = await clientWith(settings, executable, 'push', views.url, folder, megabytes, TOKEN);
        expect(answer).toMatchObject({
          got: answer.sha256,
          config: { architecture: 'resnet50' },
          url: `${views.url}/team/pushed`,
          branches: ['main', 'next'],
          tags: ['v1'],
          second: true,
          again: true,
          files: ['README.md', 'cassl.json', 'model.safetensors'],
          after: ['main'],
          who: 'writer',
          errors: [
            'HfHubHTTPError 412',
            'BadRequestError 400',
            'HfHubHTTPError 401',
            'RepositoryNotFoundError 404',
            'RepositoryNotFoundError 404',
            'HfHubHTTPError 403',
            'HfHubHTTPError 409',
            'RemoteEntryNotFoundError 404',
          ],
        });
        const found = await views.client.getCheckpoint({ reference: 'team/pushed' });
        expect(found.checkpoint!.digest).toBe(answer.sha256);
        expect(version).toBeTruthy();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((a, b) => a + b, 0);
}

/** Passes bytes on, and cuts each connection after so many from the server. */
async function cuttingProxy(
  port: string,
  afterBytes: number,
): Promise<{ readonly url: string; cuts(): number; close(): Promise<void> }> {
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1');
    let passed = 0;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    far.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed < afterBytes) near.write(chunk);
      else {
        cuts++;
        near.destroy();
        far.destroy();
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
