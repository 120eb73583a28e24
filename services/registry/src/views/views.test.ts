import { createHash } from 'node:crypto';
import { readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { float32Tensor, readPth, bytesSource, type StateDict } from '@cassl/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const body = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

/** A few tensors of a ResNet under our names. */
function tensors(seed: number): StateDict {
  const filled = (shape: number[], value: number) =>
    float32Tensor(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => value + index / 7),
    );
  return new Map([
    ['backbone.bottom_up.conv1.weight', filled([8, 3, 7, 7], seed)],
    ['backbone.bottom_up.bn1.weight', filled([8], seed + 1)],
    ['backbone.bottom_up.bn1.bias', filled([8], seed + 2)],
    ['backbone.bottom_up.bn1.running_mean', filled([8], seed + 3)],
    ['backbone.bottom_up.bn1.running_var', filled([8], seed + 4)],
    ['backbone.bottom_up.layer1.0.conv1.weight', filled([4, 8, 1, 1], seed + 5)],
  ]);
}

let views: TestViews;
let digest: string;
let bytes: Uint8Array;

beforeAll(async () => {
  views = await startViews();
  ({ digest, bytes } = await views.publish(tensors(1), { aliases: ['warmup@prod', 'team/net'] }));
});
afterAll(() => views.stop());

describe('the plain view', () => {
  it('gives the stored file with its digest, by alias, digest and the beginning of one', async () => {
    for (const reference of ['warmup@prod', 'team/net', 'team%2Fnet', digest, digest.slice(0, 12)]) {
      const response = await views.get(`/v1/checkpoints/${reference}/file`);
      expect(response.status).toBe(200);
      expect(response.headers.get('etag')).toBe(`"${digest}"`);
      expect(response.headers.get('repr-digest')).toBe(
        `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`,
      );
      expect(sha256(await body(response))).toBe(digest);
    }
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=5-99', 5, 100],
    ['bytes=1000-', 1000, undefined],
    ['bytes=-10', -10, undefined],
  ])('answers the range %s with 206', async (range, start, end) => {
    const response = await views.get(`/v1/checkpoints/${digest}/file`, { headers: { range } });
    expect(response.status).toBe(206);
    const expected = Buffer.from(bytes).subarray(start, end);
    expect(response.headers.get('content-length')).toBe(String(expected.length));
    expect(await body(response)).toEqual(expected);
  });

  it.each(['bytes=99999999-', 'bytes=-0'])('answers %s with 416 and the size', async (range) => {
    const response = await views.get(`/v1/checkpoints/${digest}/file`, { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
  });

  it.each(['bytes=9-5', 'lines=0-1', 'bytes=0-1,4-5', 'bytes=a-b', 'bytes=-'])(
    'sends the whole file for %s, as the standard wants',
    async (range) => {
      const response = await views.get(`/v1/checkpoints/${digest}/file`, { headers: { range } });
      expect(response.status).toBe(200);
      expect((await body(response)).length).toBe(bytes.length);
    },
  );

  it('answers 304 for a known ETag and the whole file for a range of another version', async () => {
    const path = `/v1/checkpoints/${digest}/file`;
    const known = await views.get(path, { headers: { 'if-none-match': `W/"x", "${digest}"` } });
    expect(known.status).toBe(304);
    const other = await views.get(path, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect(other.status).toBe(200);
  });

  it('answers HEAD as GET, without a body', async () => {
    const response = await views.get(`/v1/checkpoints/${digest}/file`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect((await body(response)).length).toBe(0);
  });

  it('gives a framework’s .pth under a name with its hash, by ranges too, and refuses another hash', async () => {
    const facts = (await (await views.get('/v1/checkpoints/warmup@prod?for=torchvision')).json()) as {
      pth: string;
    };
    const path = new URL(facts.pth).pathname;
    expect(path).toMatch(/\/for\/torchvision\/warmup\.prod-[0-9a-f]{8}\.pth$/);
    const whole = await body(await views.get(path));
    expect(path).toContain(sha256(whole).slice(0, 8));
    const { tensors: read } = await readPth(bytesSource(whole));
    expect([...read.keys()]).toContain('backbone.body.layer1.0.conv1.weight');
    for (const [start, end] of [
      [0, 100],
      [300, 1500],
      [whole.length - 50, whole.length],
    ] as const) {
      const part = await views.get(path, { headers: { range: `bytes=${start}-${end - 1}` } });
      expect(await body(part)).toEqual(whole.subarray(start, end));
    }
    const wrong = await views.get(path.replace(/-[0-9a-f]{8}\./, '-00000000.'));
    expect(wrong.status).toBe(404);
    const byQuery = await views.get(`/v1/checkpoints/${digest}/x.pth?for=torchvision`);
    expect(sha256(await body(byQuery))).toBe(sha256(whole));
  });

  it('gives TensorFlow.js its weights in its layouts', async () => {
    const model = (await (await views.get(`/v1/checkpoints/${digest}/tfjs/model.json`)).json()) as {
      weightsManifest: { paths: string[]; weights: { name: string; shape: number[] }[] }[];
    };
    const [group] = model.weightsManifest;
    expect(group!.weights[0]!.shape.length).toBeGreaterThan(0);
    const shard = await body(await views.get(`/v1/checkpoints/${digest}/tfjs/${group!.paths[0]!}`));
    const total = group!.weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(shard.length).toBe(4 * total);
    const names = group!.weights.map(({ name }) => name);
    const before = group!.weights
      .slice(0, names.indexOf('backbone.bottom_up.conv1.weight'))
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    // [kh, kw, I, O]: its second number is the second output's first weight.
    const original = tensors(1).get('backbone.bottom_up.conv1.weight')!.data;
    const second = new DataView(original.buffer, original.byteOffset).getFloat32(4 * 3 * 49, true);
    expect(shard.readFloatLE(4 * (before + 1))).toBe(second);
    expect((await views.get(`/v1/checkpoints/${digest}/tfjs/group1-shard9of9.bin`)).status).toBe(404);
  });
});

describe('the Hub view', () => {
  it('lists, describes and resolves a repository of an alias', async () => {
    const info = (await (await views.get('/api/models/cassl/warmup')).json()) as Record<string, unknown>;
    expect(info.sha).toMatch(/^[0-9a-f]{40}$/);
    expect(info.siblings).toEqual(
      ['README.md', 'cassl.json', 'model.safetensors'].map((rfilename) => ({ rfilename })),
    );
    const resolved = await views.get('/cassl/warmup/resolve/main/model.safetensors');
    expect(resolved.headers.get('x-repo-commit')).toBe(info.sha);
    expect(sha256(await body(resolved))).toBe(digest);
    for (const revision of [
      'prod',
      'warmup%40prod',
      info.sha as string,
      (info.sha as string).slice(0, 8),
      digest,
    ]) {
      const again = await views.get(`/cassl/warmup/resolve/${revision}/model.safetensors`, {
        method: 'HEAD',
      });
      expect(again.status).toBe(200);
    }
    const models = (await (await views.get('/api/models?search=warm')).json()) as { id: string }[];
    expect(models.map(({ id }) => id)).toEqual(['cassl/warmup']);
  });

  it('pages a listing by Link', async () => {
    const first = await views.get('/api/models?limit=1');
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    const ids = [...((await first.json()) as { id: string }[])];
    ids.push(...((await (await fetch(next!)).json()) as { id: string }[]));
    expect(ids.map(({ id }) => id)).toEqual(['cassl/warmup', 'team/net']);
  });

  it('keeps what a revision was when the alias moves on', async () => {
    const first = await views.publish(tensors(5), { aliases: ['moving@prod'] });
    const before = (await (await views.get('/api/models/cassl/moving')).json()) as { sha: string };
    const second = await views.publish(tensors(6), { aliases: ['moving@prod'] });
    const at = async (revision: string): Promise<string> =>
      sha256(await body(await views.get(`/cassl/moving/resolve/${revision}/model.safetensors`)));
    expect(await at(before.sha)).toBe(first.digest);
    expect(await at('main')).toBe(second.digest);
    const commits = (await (await views.get('/api/models/cassl/moving/commits/main')).json()) as {
      id: string;
    }[];
    expect(commits.map(({ id }) => id)).toContain(before.sha);
  });

  it.each([
    ['/cassl/nothing/resolve/main/model.safetensors', 404, 'RepoNotFound'],
    ['/api/models/cassl/nothing', 404, 'RepoNotFound'],
    ['/api/models/Cassl/Warmup', 404, 'RepoNotFound'],
    ['/api/datasets/cassl/warmup', 404, 'RepoNotFound'],
    ['/cassl/warmup/resolve/v9/model.safetensors', 404, 'RevisionNotFound'],
    ['/cassl/warmup/resolve/main/other.bin', 404, 'EntryNotFound'],
    ['/cassl/warmup/resolve/main/a/b/c', 404, 'EntryNotFound'],
    ['/api/models/cassl/warmup/xet-write-token/main', 404, 'EntryNotFound'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const response = await views.get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-error-code')).toBe(code);
  });

  it('remembers for clients that an optional file is not there', async () => {
    const response = await views.get('/cassl/warmup/resolve/main/generation_config.json', { method: 'HEAD' });
    expect(response.headers.get('x-repo-commit')).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('hostile requests', () => {
  it.each([
    '/cassl/warmup/resolve/main/..%2f..%2fetc%2fpasswd',
    '/cassl/warmup/resolve/main/%2e%2e/%2e%2e/etc/passwd',
    '/cassl/warmup/resolve/main/model.safetensors%00.txt',
    '/cassl%2f..%2fx/warmup/resolve/main/model.safetensors',
    '/v1/checkpoints/..%2f..%2fetc/file',
    '/v1/checkpoints/%ff/file',
    '/v2/cassl/warmup/blobs/sha256:..%2f..%2fx',
    '/v2/..%2f/manifests/latest',
    '//v1/checkpoints/x/file',
    '/',
  ])('answers %s as not found or bad, and tells no path of its own', async (path) => {
    const response = await views.get(path);
    expect([400, 404]).toContain(response.status);
    const text = await response.text();
    expect(text).not.toContain(views.folder);
    expect(text).not.toContain('    at ');
  });

  it('refuses huge headers with 431', async () => {
    const response = await views.get('/api/models', { headers: { 'x-long': 'a'.repeat(20_000) } });
    expect(response.status).toBe(431);
  });

  it.each(['POST', 'PUT', 'DELETE'])('refuses %s of what is only read', async (method) => {
    for (const path of [
      '/v1/checkpoints/x/file',
      '/v2/cassl/warmup/blobs/uploads/',
      '/api/models/cassl/warmup',
    ])
      expect((await views.get(path, { method })).status).toBeGreaterThanOrEqual(400);
  });
});

describe('the OCI view', () => {
  const json = async (path: string): Promise<Record<string, unknown>> =>
    (await (await views.get(path)).json()) as Record<string, unknown>;

  it('gives an image whose layers are what its manifest says, with the same bytes inside', async () => {
    const index = await views.get('/v2/cassl/warmup/manifests/prod');
    expect(index.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    const { manifests } = (await index.json()) as { manifests: { digest: string }[] };
    const manifest = (await json(`/v2/cassl/warmup/manifests/${manifests[0]!.digest}`)) as {
      layers: { digest: string; size: number }[];
      config: { digest: string };
    };
    for (const { digest: expected, size } of manifest.layers) {
      const layer = await body(await views.get(`/v2/cassl/warmup/blobs/${expected}`));
      expect(layer.length).toBe(size);
      expect(`sha256:${sha256(layer)}`).toBe(expected);
    }
    const layer = await body(await views.get(`/v2/cassl/warmup/blobs/${manifest.layers[0]!.digest}`));
    expect(layer.includes(Buffer.from(bytes))).toBe(true);
    const config = await json(`/v2/cassl/warmup/blobs/${manifest.config.digest}`);
    expect((config.rootfs as { diff_ids: string[] }).diff_ids).toEqual(
      manifest.layers.map((described) => described.digest),
    );
  });

  it('gives a ModelPack artifact whose weights are the stored file', async () => {
    const manifest = (await json('/v2/modelpack/cassl/warmup/manifests/latest')) as {
      artifactType: string;
      layers: { digest: string; mediaType: string; annotations: Record<string, string> }[];
    };
    expect(manifest.artifactType).toBe('application/vnd.cncf.model.manifest.v1+json');
    expect(manifest.layers[0]).toMatchObject({
      digest: `sha256:${digest}`,
      annotations: { 'org.cncf.model.filepath': 'model.safetensors' },
    });
  });

  it('keeps a tag’s digest when an evaluation changes the card', async () => {
    const before = (await views.get('/v2/cassl/warmup/manifests/prod')).headers.get('docker-content-digest');
    await views.client.attachEvaluation({
      reference: digest,
      evaluation: { id: 'e1', metrics: { 'bbox/AP': 0.5 } },
    });
    const after = (await views.get('/v2/cassl/warmup/manifests/prod')).headers.get('docker-content-digest');
    expect(after).toBe(before);
    expect(await (await views.get('/cassl/warmup/resolve/main/README.md')).text()).toContain(
      '| bbox/AP | 0.5000 |',
    );
  });

  it.each([
    ['/v2/cassl/nothing/tags/list', 'NAME_UNKNOWN'],
    ['/v2/cassl/warmup/manifests/v9', 'MANIFEST_UNKNOWN'],
    [`/v2/cassl/warmup/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
  ])('answers %s with %s', async (path, code) => {
    const response = await views.get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code }] });
  });
});

describe('with a token', () => {
  let guarded: TestViews;
  beforeAll(async () => {
    guarded = await startViews({ token: 'secret' });
    await guarded.publish(tensors(2), { aliases: ['warmup@prod'] });
  });
  afterAll(() => guarded.stop());

  it('hides repositories from whoever has none, and says so to whoever has a wrong one', async () => {
    const anonymous = await guarded.get('/api/models/cassl/warmup');
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('x-error-code')).toBe('RepoNotFound');
    const missing = await guarded.get('/api/models/cassl/nothing');
    expect(await missing.text()).toBe(await anonymous.clone().text());
    const headers = { authorization: 'Bearer expired' };
    const wrong = await guarded.get('/api/models/cassl/warmup', { headers });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('x-error-code')).toBe(null);
    expect((await guarded.get('/v1/checkpoints/warmup@prod/file', { headers })).status).toBe(401);
  });

  it('takes it as a bearer, and from container tools as a password', async () => {
    const challenge = await guarded.get('/v2/');
    expect(challenge.headers.get('www-authenticate')).toBe('Basic realm="cassl"');
    const basic = `Basic ${Buffer.from('anyone:secret').toString('base64')}`;
    for (const authorization of ['Bearer secret', basic])
      expect((await guarded.get('/v2/', { headers: { authorization } })).status).toBe(200);
  });
});

describe('a damaged file', () => {
  it('is refused on every view', async () => {
    const damaged = await views.publish(tensors(9), { aliases: ['damaged@prod'] });
    const data = join(views.folder, 'data');
    const files = await readdir(data, { recursive: true });
    const file = files.find((name) => name.endsWith(damaged.digest));
    await truncate(join(data, file!), 1_000);
    for (const path of [
      '/v1/checkpoints/damaged@prod/file',
      '/v1/checkpoints/damaged@prod/x.pth?for=torchvision',
      '/cassl/damaged/resolve/main/model.safetensors',
      '/v2/cassl/damaged/manifests/prod',
      `/v2/cassl/damaged/blobs/sha256:${damaged.digest}`,
      '/v1/checkpoints/damaged@prod/tfjs/model.json',
    ]) {
      const response = await views.get(path);
      expect(`${path} ${response.status >= 400}`).toBe(`${path} true`);
      expect(await response.text()).not.toContain(views.folder);
    }
    await rm(join(data, file!), { force: true });
  });
});
