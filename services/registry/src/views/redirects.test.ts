import { createHash } from 'node:crypto';
import { float32Tensor } from '@cassl/checkpoints';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { downloadFile } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

const BUCKET = 'cassl-redirects';
const sha256 = (bytes: ArrayBuffer): string =>
  createHash('sha256').update(new Uint8Array(bytes)).digest('hex');

describe.skipIf(!hasS3())('a registry whose files are in S3', () => {
  let s3: TestS3;
  let views: TestViews;
  let direct: TestViews;
  let digest: string;
  let bytes: Uint8Array;
  const { S3_ENDPOINT } = process.env;

  beforeAll(async () => {
    s3 = await startS3();
    process.env.S3_ENDPOINT = s3.endpoint;
    await s3.makeBucket(BUCKET);
    views = await startViews({ blobsUri: `s3://${BUCKET}/sent` });
    direct = await startViews({ blobsUri: `s3://${BUCKET}/direct`, redirects: false });
    const values = Float32Array.from({ length: 6_000_000 }, (_, index) => index);
    const weights = new Map([['backbone.bottom_up.bn1.weight', float32Tensor([values.length], values)]]);
    ({ digest, bytes } = await views.publish(weights, { aliases: ['net@prod'] }));
    await direct.publish(weights, { aliases: ['net@prod'] });
  });
  afterAll(async () => {
    await views.stop();
    await direct.stop();
    await s3.stop();
    if (S3_ENDPOINT === undefined) delete process.env.S3_ENDPOINT;
    else process.env.S3_ENDPOINT = S3_ENDPOINT;
  });

  it.each([
    ['GET', () => `/v1/checkpoints/${digest}/file`],
    ['HEAD', () => `/v1/checkpoints/${digest}/file`],
    ['GET', () => '/cassl/net/resolve/prod/model.safetensors'],
    ['HEAD', () => '/cassl/net/resolve/prod/model.safetensors'],
    ['GET', () => `/v2/cassl/net/blobs/sha256:${digest}`],
  ])(
    'answers %s of the stored file with a signed address there, and says here what it is',
    async (method, path) => {
      const answer = await views.get(path(), { method });
      expect(answer.status).toBe(302);
      expect(answer.headers.get('etag')).toBe(`"${digest}"`);
      const location = new URL(answer.headers.get('location')!);
      expect(location.origin).toBe(s3.endpoint);
      expect(location.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
      expect(Number(location.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(3_600);
      const part = await fetch(location, { headers: { range: 'bytes=100-199' } });
      expect(part.status).toBe(206);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(Buffer.from(bytes.subarray(100, 200)));
    },
  );

  it('names the commit, size and digest that the Hub’s clients read of a redirect', async () => {
    const { headers } = await views.get('/cassl/net/resolve/prod/model.safetensors', { method: 'HEAD' });
    expect(headers.get('x-repo-commit')).toMatch(/^[0-9a-f]{40}$/);
    expect(headers.get('x-linked-size')).toBe(String(bytes.length));
    expect(headers.get('x-linked-etag')).toBe(`"${digest}"`);
  });

  it('is read whole by the Hub’s client, which follows', async () => {
    for (const { url } of [views, direct]) {
      const repo = { type: 'model' as const, name: 'cassl/net' };
      const blob = await downloadFile({ repo, path: 'model.safetensors', hubUrl: url, xet: false });
      expect(sha256(await blob!.arrayBuffer())).toBe(digest);
    }
  });

  it('sends the bytes itself where it may not redirect, and always what is made of them', async () => {
    const own = await direct.get(`/v1/checkpoints/${digest}/file`, { headers: { range: 'bytes=5-14' } });
    expect(own.status).toBe(206);
    expect(Buffer.from(await own.arrayBuffer())).toEqual(Buffer.from(bytes.subarray(5, 15)));
    for (const one of [views, direct]) {
      const pth = await one.get(`/v1/checkpoints/${digest}/x.pth?for=torchvision`);
      expect(pth.status).toBe(200);
      expect(pth.headers.get('etag')).toBe(`"${sha256(await pth.arrayBuffer())}"`);
    }
  });

  it('took the upload in parts, and left none unfinished', async () => {
    const left = [];
    for await (const upload of views.registry.blobs.unfinished()) left.push(upload.name);
    expect(left).toEqual([]);
  });
});
