import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ViewRequest } from './request.ts';
import { sendFile, type ServedFile } from './send-file.ts';

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const SHA256 = 'ab'.repeat(32);

let server: Server;
let url: string;
let file: ServedFile;
let sent: number;
let redirects: boolean;
beforeAll(async () => {
  server = createServer((request, response) => {
    const { signal } = new AbortController();
    void sendFile(
      { method: request.method ?? '', request, response, signal, redirects } as ViewRequest,
      file,
      { 'x-more': 'yes' },
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => void server.close());
beforeEach(() => {
  sent = 0;
  redirects = true;
  file = {
    sizeBytes: BYTES.length,
    etag: 'tag',
    sha256: SHA256,
    contentType: 'application/x-weights',
    sendTo(sink, { start, end }) {
      sent += 1;
      sink.write(BYTES.subarray(start, end));
      return Promise.resolve();
    },
  };
});
const get = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
  fetch(url, { headers, method, redirect: 'manual' });
const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

describe('a file', () => {
  it('is sent whole with its digest, type and length', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': '256',
      'content-type': 'application/x-weights',
      'accept-ranges': 'bytes',
      'repr-digest': `sha-256=:${Buffer.from(SHA256, 'hex').toString('base64')}:`,
      etag: '"tag"',
      'x-more': 'yes',
    });
    expect(await bytesOf(answer)).toEqual(BYTES);
  });

  it('answers HEAD as GET, without asking for its bytes', async () => {
    const answer = await get({ range: 'bytes=10-19' }, 'HEAD');
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-length')).toBe('10');
    expect(sent).toBe(0);
  });

  it.each([
    ['"tag"', 304],
    ['W/"tag"', 304],
    ['"other", "tag"', 304],
    ['*', 304],
    ['"other"', 200],
    ['tag', 200],
    ['', 200],
  ])('known as %j is answered with %i', async (etag, status) => {
    const answer = await get({ 'if-none-match': etag });
    expect(answer.status).toBe(status);
    expect((await bytesOf(answer)).length).toBe(status === 304 ? 0 : 256);
  });

  it.each([
    ['"tag"', 206],
    // A weak tag and a time say nothing of the bytes.
    ['W/"tag"', 200],
    ['"older"', 200],
    ['Tue, 01 Jan 2030 00:00:00 GMT', 200],
  ])('is given in part to who has the rest of %s only where that is this one: %i', async (etag, status) => {
    const answer = await get({ 'if-range': etag, range: 'bytes=10-19' });
    expect(answer.status).toBe(status);
    expect(await bytesOf(answer)).toEqual(status === 206 ? BYTES.subarray(10, 20) : BYTES);
  });

  it('has no range beyond its end, of which it says where that is', async () => {
    const answer = await get({ range: 'bytes=256-' });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */256');
    expect(answer.headers.get('repr-digest')).toBeNull();
    expect(sent).toBe(0);
  });

  it('is fetched elsewhere where it is elsewhere, unless this is asked to send it or it is known', async () => {
    file = { ...file, redirect: () => Promise.resolve('https://store.example/file?signed') };
    const away = await get({ range: 'bytes=1-2' });
    expect([away.status, away.headers.get('location')]).toEqual([302, 'https://store.example/file?signed']);
    expect((await get({ 'if-none-match': '"tag"' })).status).toBe(304);
    expect(sent).toBe(0);
    redirects = false;
    expect((await get()).status).toBe(200);
    redirects = true;
    file = { ...file, redirect: () => Promise.resolve(undefined) };
    expect((await get()).status).toBe(200);
  });
});
