import { connect } from 'node:net';
import { once } from 'node:events';
import { Hono } from 'hono';
import { httpFailure } from '@cassl/rpc';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { afterEach, describe, expect, it } from 'vitest';
import { refuseForeignChanges, refuseForeignHosts } from './guard-requests.ts';
import { listen, type HttpServer } from './listen.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

let server: HttpServer | undefined;
afterEach(() => server?.close(500));

/** An app behind the guards, as one that listens on `host`. */
async function open(host: string): Promise<string> {
  const app = new Hono().use(refuseForeignHosts(host), refuseForeignChanges);
  app.onError((error, context) => {
    const { status, message } = httpFailure(error);
    return context.text(message, status as ContentfulStatusCode);
  });
  app.all('*', ({ text }) => text('answered'));
  server = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0 });
  return server.url;
}

/** The status of a request that is written by hand: `fetch` sends no Host but the right one. */
async function statusOf(url: string, requestLine: string, ...headers: readonly string[]): Promise<number> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write([requestLine, ...headers, 'Connection: close', '', ''].join('\r\n'));
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
}

describe('requests for changes', () => {
  it.each(METHODS)(
    '%s is refused without the header of the page, unless it changes nothing',
    async (method) => {
      const url = await open('127.0.0.1');
      const plain = await fetch(url, { method });
      const own = await fetch(url, { method, headers: { 'x-cassl-console': '1' } });
      const changes = method !== 'GET' && method !== 'HEAD';
      expect([plain.status, own.status]).toEqual([changes ? 403 : 200, 200]);
    },
  );

  it.each([
    ['same-origin', 200],
    ['none', 200],
    ['same-site', 403],
    ['cross-site', 403],
    ['', 403],
  ])('from %s of the browser are answered with %i', async (site, status) => {
    const url = await open('127.0.0.1');
    const port = new URL(url).port;
    const headers = [`Host: 127.0.0.1:${port}`, 'X-Cassl-Console: 1', `Sec-Fetch-Site: ${site}`];
    expect(await statusOf(url, 'POST / HTTP/1.1', ...headers, 'Content-Length: 0')).toBe(status);
    // A look is free: other sites cannot read what comes.
    expect(await statusOf(url, 'GET / HTTP/1.1', ...headers)).toBe(200);
  });

  it('are refused in words that say what is missing', async () => {
    const refused = await fetch(await open('127.0.0.1'), { method: 'POST' });
    expect(await refused.text()).toBe(
      'changes need the header x-cassl-console, sent from a page of the console itself',
    );
  });
});

describe('a console on loopback', () => {
  it.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:7190', 200],
    ['127.8.9.10', 200],
    ['localhost:80', 200],
    ['LOCALHOST', 200],
    ['[::1]:7190', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
    ['evil.example#127.0.0.1', 400],
    ['127.0.0.1@evil.example', 400],
    ['10.0.0.7', 403],
    ['0.0.0.0', 403],
    ['[::2]', 403],
    ['[', 400],
    ['', 400],
  ])('answers as %j with %i', async (host, status) => {
    expect(await statusOf(await open('127.0.0.1'), 'GET / HTTP/1.1', `Host: ${host}`)).toBe(status);
  });

  it('believes neither what a proxy would say nor a whole address in the request line', async () => {
    const url = await open('localhost');
    const evil = 'Host: evil.example';
    expect(await statusOf(url, 'GET / HTTP/1.1', evil, 'X-Forwarded-Host: 127.0.0.1')).toBe(403);
    expect(await statusOf(url, 'GET http://evil.example/ HTTP/1.1', 'Host: 127.0.0.1')).not.toBe(200);
  });

  it('answers as anybody where it listens to others', async () => {
    expect(await statusOf(await open('0.0.0.0'), 'GET / HTTP/1.1', 'Host: console.team.example')).toBe(200);
  });
});
