import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeOciLayout } from './write-oci-layout.ts';

const weights = Buffer.alloc(70_001, 'weights');
let folder: string;
let layout: string;
let written: { digest: string; sizeBytes: number };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-oci-'));
  layout = join(folder, 'layout');
  await writeFile(join(folder, 'file'), weights);
  written = await writeOciLayout(layout, {
    weights: { name: 'model.pth', file: join(folder, 'file') },
    texts: new Map([['cassl.json', Buffer.from('{}\n')]]),
    tag: 'prod',
    created: new Date(0),
    annotations: { 'org.opencontainers.image.title': 'model.pth' },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = async (digest: string): Promise<Buffer> =>
  readFile(join(layout, 'blobs/sha256', digest.slice(7)));
const json = async (digest: string) => JSON.parse((await read(digest)).toString()) as Record<string, never>;

describe('writeOciLayout', () => {
  it('names every blob by its sha256, and leaves nothing else behind', async () => {
    const names = await readdir(join(layout, 'blobs/sha256'));
    const sizes = await Promise.all(
      names.map(async (name) => {
        const bytes = await read(`sha256:${name}`);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
        return bytes.byteLength;
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(written.sizeBytes);
  });

  it('holds the file as it is, under /models, for both processors', async () => {
    const index = (await json(written.digest)) as unknown as {
      manifests: { digest: string; platform: { architecture: string } }[];
    };
    expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    const { layers } = (await json(index.manifests[0]!.digest)) as unknown as {
      layers: { digest: string }[];
    };
    const tar = join(layout, 'blobs/sha256', layers[0]!.digest.slice(7));
    expect(execFileSync('tar', ['-xOf', tar, 'models/model.pth'])).toEqual(weights);
    const texts = join(layout, 'blobs/sha256', layers[1]!.digest.slice(7));
    expect(execFileSync('tar', ['-tf', texts], { encoding: 'utf8' })).toBe('models/\nmodels/cassl.json\n');
  });

  it.skipIf(spawnSync('skopeo', ['--version']).error !== undefined)(
    'is what skopeo inspects and copies',
    async () => {
      const source = `oci:${layout}:prod`;
      const inspected = JSON.parse(
        execFileSync('skopeo', ['inspect', '--override-os', 'linux', '--override-arch', 'amd64', source], {
          encoding: 'utf8',
        }),
      ) as { Labels: Record<string, string>; Layers: string[] };
      expect(inspected.Labels['org.opencontainers.image.title']).toBe('model.pth');
      expect(inspected.Layers).toHaveLength(2);
      const copy = join(folder, 'copy');
      execFileSync('skopeo', [
        'copy',
        '-q',
        '--all',
        '--insecure-policy',
        '--dest-oci-accept-uncompressed-layers',
        source,
        `oci:${copy}:prod`,
      ]);
      const index = JSON.parse(await readFile(join(copy, 'index.json'), 'utf8')) as {
        manifests: { digest: string }[];
      };
      expect(index.manifests[0]!.digest).toBe(written.digest);
    },
  );
});
