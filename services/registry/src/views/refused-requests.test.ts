import { request } from 'node:http';
import { float32Tensor } from '@cassl/checkpoints';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkpointFile, digestOf } from '../checkpoints.fixture.ts';
import { startViews, type TestViews } from './start-views.fixture.ts';

const READER = 'hf_reader-token-0123456789';
const WRITER = 'hf_writer-token-0123456789';
const TOKENS = [
  { name: 'reader', token: READER, scopes: ['read'] },
  { name: 'writer', token: WRITER, scopes: ['publish', 'promote'], aliases: ['team/'] },
];
/** What clients of the Hub know. */
const HUB_CODES = ['RepoNotFound', 'RevisionNotFound', 'EntryNotFound'];

let views: TestViews;
let digest: string;
let bytes: Uint8Array;

beforeAll(async () => {
  views = await startViews({ tokens: TOKENS });
  const weights = new Map([['backbone.bottom_up.bn1.weight', float32Tensor([64], new Float32Array(64))]]);
  ({ digest, bytes } = await views.publish(weights, { aliases: ['net@prod', 'team/net'] }));
});
afterAll(() => views.stop());
afterEach(() => vi.useRealTimers());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The path goes out as it is written: fetch would tidy it up. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { method = 'GET', headers = { authorization: `Bearer ${READER}` } } = options;
  const { hostname: host, port } = new URL(views.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

const ODD = [
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '..',
  '.',
  '%00',
  '%0d%0aX-Evil:%201',
  'a%5cb',
  '%ff',
  '%',
  'x'.repeat(5_000),
  '%F0%9F%92%A9',
  '__proto__',
  'constructor',
  '%252e%252e',
  '%27%3B%20drop%20table%20aliases%3B--',
  '*',
  '-',
  '%7B%7B7*7%7D%7D',
];

/** Addresses with a place for something odd. */
const TEMPLATES = [
  '/@/net/resolve/prod/model.safetensors',
  '/cassl/@/resolve/prod/model.safetensors',
  '/cassl/net/resolve/@/model.safetensors',
  '/cassl/net/resolve/prod/@',
  '/cassl/net/raw/prod/@',
  '/api/models/@/net',
  '/api/models/cassl/@',
  '/api/models/cassl/net/revision/@',
  '/api/models/cassl/net/tree/@',
  '/api/models/cassl/net/tree/prod/@',
  '/api/models/cassl/net/commits/@',
  '/api/models/cassl/net/@',
  '/api/@',
  '/v1/checkpoints/@/file',
  '/v1/checkpoints/net@prod/@'.replace('net@', 'net%40'),
  '/v1/checkpoints/net%40prod/for/@/x.pth',
  '/v1/checkpoints/net%40prod/for/timm/@',
  '/v1/checkpoints/net%40prod/tfjs/@',
  '/v2/@/net/manifests/prod',
  '/v2/cassl/net/manifests/@',
  '/v2/cassl/net/blobs/@',
  '/v2/cassl/net/@/list',
];

describe('something odd in a path', () => {
  it.each(TEMPLATES)('of %s is answered as clients understand, and leaks nothing', async (template) => {
    for (const odd of ODD) {
      const path = template.replace('@', odd);
      const { status, headers, body } = await send(path);
      const text = body.toString('utf8');
      expect(`${path.slice(0, 100)} ${[400, 404, 431, 501].includes(status) ? 'refused' : status}`).toBe(
        `${path.slice(0, 100)} refused`,
      );
      expect(text).not.toContain(views.folder);
      expect(text).not.toMatch(/\n {4}at |node_modules|sqlite|SELECT/);
      expect(headers['x-evil']).toBeUndefined();
      const code = headers['x-error-code'];
      if (code !== undefined) expect(HUB_CODES).toContain(code);
    }
  });
});

describe('a range', () => {
  const RANGES = [
    ...['bytes=-', 'bytes=5-2', 'bytes=999999999999999999999-', 'bytes=0-0,2-3', 'bytes= 0-1', 'items=0-1'],
    ...[
      'bytes=-99999999999',
      'bytes=0x1-2',
      'bytes',
      '',
      'bytes=0-99999999999',
      'bytes=-0',
      'bytes=1000000-',
    ],
  ];
  it.each([
    ['the stored file', () => `/v1/checkpoints/${digest}/file`],
    ['a .pth', () => `/v1/checkpoints/${digest}/x.pth?for=torchvision`],
    ['the Hub’s file', () => '/cassl/net/resolve/prod/model.safetensors'],
    ['the Hub’s card', () => '/cassl/net/resolve/prod/README.md'],
    ['a blob', () => `/v2/cassl/net/blobs/sha256:${digest}`],
  ])('of %s that is wrong gives 200, 206 or 416, and as many bytes as the head says', async (_, address) => {
    const whole = await send(address());
    expect(whole.status).toBe(200);
    for (const range of RANGES) {
      const answer = await send(address(), { headers: { authorization: `Bearer ${READER}`, range } });
      expect([200, 206, 416]).toContain(answer.status);
      expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
      if (answer.status === 200) expect(answer.body).toEqual(whole.body);
      if (answer.status === 206) {
        const [, start, end] = /bytes (\d+)-(\d+)\//.exec(String(answer.headers['content-range']))!;
        expect(answer.body).toEqual(whole.body.subarray(Number(start), Number(end) + 1));
      }
    }
  });
});

describe('whoever may not', () => {
  const READS = [
    ...['/api/models/cassl/net', '/api/models/cassl/none', '/cassl/net/resolve/prod/model.safetensors'],
    ...['/v1/checkpoints/net%40prod/file', '/v2/cassl/net/manifests/prod', '/api/models', '/api/whoami-v2'],
  ];

  it.each([
    ['no token', {}],
    ['a token of nobody', { authorization: 'Bearer hf_foreign-token-0123456789' }],
    ['a token of another kind', { authorization: 'Digest username="x"' }],
    ['a JWT of no issuer', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }],
    ['a password of nobody', { authorization: `Basic ${Buffer.from('user:none').toString('base64')}` }],
  ])('shows %s learns nothing, not even what exists', async (_, headers) => {
    for (const path of READS) {
      const { status, body } = await send(path, { headers });
      expect(`${path} ${status}`).toBe(`${path} 401`);
      expect(body.toString()).not.toContain(digest);
    }
    const [known, unknown] = await Promise.all(
      READS.slice(0, 2).map(async (path) => {
        const { status, headers: shown, body } = await send(path, { headers });
        return { status, code: shown['x-error-code'], body: body.toString() };
      }),
    );
    expect(known).toEqual(unknown);
  });

  it.each([
    ['POST', '/api/repos/create'],
    ['DELETE', '/api/repos/delete'],
    ['POST', '/api/models/team/net/preupload/main'],
    ['POST', '/api/models/team/net/commit/main'],
    ['POST', '/api/models/team/net/branch/x'],
    ['POST', '/api/models/team/net/tag/main'],
    ['DELETE', '/api/models/team/net/branch/main'],
    ['POST', '/team/net.git/info/lfs/objects/batch'],
    ['POST', '/team/net.git/info/lfs/objects/verify'],
  ])('only reads is refused %s %s, and nothing changes', async (method, path) => {
    const headers = { authorization: `Bearer ${READER}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'net', organization: 'team', tag: 'x', files: [], objects: [] });
    const answer = await fetch(views.url + path, { method, headers, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(405);
    expect((await views.client.getAlias({ alias: 'team/net' })).history).toHaveLength(1);
    expect((await views.client.listAliases({})).aliases).toHaveLength(2);
  });

  it('writes elsewhere may not write here', async () => {
    const headers = { authorization: `Bearer ${WRITER}`, 'content-type': 'application/json' };
    const commit = await fetch(`${views.url}/api/models/cassl/net/commit/prod`, {
      method: 'POST',
      headers,
      body: '',
    });
    expect(commit.status).toBe(403);
    expect(commit.headers.get('x-error-message')).toContain('may change aliases "team/..." only');
  });

  it('comes with an upload’s address after its day is refused', async () => {
    const file = checkpointFile(3);
    const { http } = await views.client.getUpload({ digest: digestOf(file), sizeBytes: file.length });
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 86_500_000);
    const late = await fetch(`${views.url}${http!.path}`, { method: 'PUT', body: Buffer.from(file) });
    expect(late.status).toBe(403);
  });
});

describe('heads', () => {
  it.each([
    ['a header of 20 KB', { 'x-long': 'a'.repeat(20_000) }],
    ['a token of 20 KB', { authorization: `Bearer ${'a'.repeat(20_000)}` }],
    ['500 headers', Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'a'.repeat(40)]))],
  ])('with %s are refused with 431', async (_, headers) => {
    expect((await send('/api/models', { headers })).status).toBe(431);
  });

  it('leave the port able to serve', async () => {
    const answer = await send(`/v1/checkpoints/${digest}/file`);
    expect(answer.body.length).toBe(bytes.length);
  });
});
