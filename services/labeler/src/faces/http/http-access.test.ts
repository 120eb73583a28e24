import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../open-inference/serve-no-op.fixture.ts';

const png = Buffer.from(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
let folder: string;
let test: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-http-access-'));
  const tokensFile = join(folder, 'tokens.json');
  const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
  const tokens = [
    { name: 'camera', sha256: sha256('camera-token'), scopes: ['infer'], quota: { queuedImages: 2 } },
    { name: 'viewer', sha256: sha256('viewer-token'), scopes: ['read'] },
  ];
  await writeFile(tokensFile, JSON.stringify({ tokens }));
  test = await serveNoOp({ tokensFile });
});
afterAll(async () => {
  await test.stop();
  await rm(folder, { recursive: true, force: true });
});

function infer(
  token: string | undefined,
  images = 1,
  headers: Record<string, string> = {},
): Promise<Response> {
  const data = Array.from({ length: images }, () => png.toString('base64'));
  return fetch(`${test.http.url}/v2/models/m/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [images], data }] }),
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
}

describe('the HTTP port', () => {
  it('asks for a token with the scope of the call, and for none where health is asked', async () => {
    expect((await fetch(`${test.http.url}/v2/health/live`)).status).toBe(200);
    const without = await infer(undefined);
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Bearer'),
    ]);
    expect((await infer('unknown')).status).toBe(401);
    const viewer = await infer('viewer-token');
    expect([viewer.status, await viewer.json()]).toEqual([403, { error: 'viewer lacks the scope "infer"' }]);
    expect((await infer('camera-token')).status).toBe(200);
    const load = await fetch(`${test.http.url}/v2/repository/models/m/load`, {
      method: 'POST',
      headers: { authorization: 'Bearer camera-token' },
    });
    expect(load.status).toBe(403);
  });

  it('takes the token as a password', async () => {
    const basic = Buffer.from('anybody:camera-token').toString('base64');
    expect((await infer(undefined, 1, { authorization: `Basic ${basic}` })).status).toBe(200);
  });

  it('counts every image of a batch against the quota, and gives the places back', async () => {
    const refused = await infer('camera-token', 3);
    expect([refused.status, await refused.json()]).toEqual([
      429,
      { error: 'camera has 0 images waiting, at most 2 may' },
    ]);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await infer('camera-token', 2)).status).toBe(200);
    expect((await infer('camera-token', 2)).status).toBe(200);
  });

  it('refuses a time that is no time, and ends at the one that is', async () => {
    const bad = await infer('camera-token', 1, { 'x-cassl-timeout-ms': 'soon' });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('x-cassl-timeout-ms')]);
    const late = await infer('camera-token', 1, { 'x-cassl-timeout-ms': '0.001' });
    expect([late.status, await late.text()]).toEqual([504, expect.stringContaining('error')]);
  });

  it('answers garbage with 400 and goes on', async () => {
    const { port } = new URL(test.http.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end('\x16\x03\x01 nonsense\r\n\r\n'));
      socket.once('data', (bytes) => resolve(bytes.toString()));
      socket.once('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect((await infer('camera-token')).status).toBe(200);
  });
});
