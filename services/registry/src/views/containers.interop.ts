import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { float32Tensor } from '@cassl/checkpoints';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

const run = promisify(execFile);
const NAME = 'cassl/net';
const TAG = 'prod';
const WEIGHTS = 'model.safetensors';

let views: TestViews;
let folder: string;
let digest: string;
let host: string;

beforeAll(async () => {
  views = await startViews();
  folder = await mkdtemp(join(tmpdir(), 'cassl-containers-'));
  // More than one read of a file and one write of a socket take.
  const values = new Float32Array(3_000_000).map((_, index) => index % 1_021);
  ({ digest } = await views.publish(
    new Map([['backbone.bottom_up.conv1.weight', float32Tensor([1_000, 3, 1_000, 1], values)]]),
    { aliases: [`net@${TAG}`] },
  ));
  host = new URL(views.url).host;
});
afterAll(async () => {
  await views.stop();
  await rm(folder, { recursive: true, force: true });
});

async function needs(context: TestContext, ...tools: readonly (readonly [string, string])[]): Promise<void> {
  for (const [tool, flag] of tools) {
    const isThere = await run(tool, [flag]).then(
      () => true,
      () => false,
    );
    if (!isThere) context.skip(`${tool} is not installed`);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const SKOPEO = ['skopeo', '--version'] as const;
const ORAS = ['oras', 'version'] as const;
const UMOCI = ['umoci', '--version'] as const;

describe('container tools get the weights with the sha256 of the checkpoint', () => {
  it('oras pulls the ModelPack artifact as files', async (context) => {
    await needs(context, ORAS);
    const out = join(folder, 'oras-pull');
    await run('oras', ['pull', '--plain-http', '--output', out, `${host}/modelpack/${NAME}:${TAG}`]);
    expect(await sha256Of(join(out, WEIGHTS))).toBe(digest);
  });

  it('oras reads one layer of the artifact by its digest', async (context) => {
    await needs(context, ORAS);
    const out = join(folder, 'oras-blob');
    const address = `${host}/modelpack/${NAME}@sha256:${digest}`;
    await run('oras', ['blob', 'fetch', '--plain-http', '--output', out, address]);
    expect(await sha256Of(out)).toBe(digest);
  });

  it('oras lists the tags of both shapes', async (context) => {
    await needs(context, ORAS);
    for (const repo of [NAME, `modelpack/${NAME}`]) {
      const { stdout } = await run('oras', ['repo', 'tags', '--plain-http', `${host}/${repo}`]);
      expect(stdout.trim().split('\n')).toContain(TAG);
    }
  });

  async function unpacked(tool: string, layout: string): Promise<string> {
    const bundle = join(folder, `${tool}-bundle`);
    await run('umoci', ['unpack', '--rootless', '--image', `${layout}:${TAG}`, bundle]);
    return sha256Of(join(bundle, 'rootfs/models', WEIGHTS));
  }

  it('oras copies the image, and umoci unpacks it as a container’s root', async (context) => {
    await needs(context, ORAS, UMOCI);
    const layout = join(folder, 'oras-layout');
    const from = ['--from-plain-http', '--platform', 'linux/amd64', `${host}/${NAME}:${TAG}`];
    await run('oras', ['copy', ...from, '--to-oci-layout', `${layout}:${TAG}`]);
    expect(await unpacked('oras', layout)).toBe(digest);
  });

  it('skopeo copies the image, and umoci unpacks it', async (context) => {
    await needs(context, SKOPEO, UMOCI);
    const layout = join(folder, 'skopeo-layout');
    const from = ['--src-tls-verify=false', `docker://${host}/${NAME}:${TAG}`];
    await run('skopeo', ['--override-arch', 'amd64', 'copy', ...from, `oci:${layout}:${TAG}`]);
    expect(await unpacked('skopeo', layout)).toBe(digest);
  });

  it('skopeo copies the artifact, whose layer is the stored file', async (context) => {
    await needs(context, SKOPEO);
    const target = join(folder, 'skopeo-artifact');
    const from = ['--src-tls-verify=false', `docker://${host}/modelpack/${NAME}:${TAG}`];
    await run('skopeo', ['copy', ...from, `dir:${target}`]);
    // A folder of skopeo names each layer by its digest: what counts is what is in it.
    expect(await sha256Of(join(target, digest))).toBe(digest);
  });
});
