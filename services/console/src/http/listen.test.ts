import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type HttpServer } from './listen.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const answer = (body: string) => () => new Response(body);

let open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.map((server) => server.close(0)));
  open = [];
});

async function serve(options: Parameters<typeof listen>[0]): Promise<HttpServer> {
  const server = await listen(options);
  open.push(server);
  return server;
}

describe('the HTTP server', () => {
  it('says which port is taken', async () => {
    const { url } = await serve({ fetch: answer('first'), ...LOCAL });
    const port = Number(new URL(url).port);
    await expect(listen({ fetch: answer('second'), host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`cannot listen on 127.0.0.1:${port} for HTTP: `) as string,
    });
    expect(await (await fetch(url)).text()).toBe('first');
  });

  it('has an address that can be opened, of the newer kind too', async () => {
    const { url } = await serve({ fetch: answer('six'), host: '::1', port: 0 });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await (await fetch(url)).text()).toBe('six');
  });

  it('speaks TLS with a certificate, and nothing else then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-console-tls-'));
    try {
      const [certFile, keyFile] = await makeCertificate(folder);
      const { url } = await serve({ fetch: answer('sealed'), ...LOCAL, certFile, keyFile });
      expect(url).toMatch(/^https:/);
      const asked = request(url, { rejectUnauthorized: false }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(await text(response)).toBe('sealed');
      await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('lets a request that runs come to its end before it closes', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve({
      ...LOCAL,
      fetch: async () => {
        arrived.resolve();
        await delay(200);
        return new Response('whole');
      },
    });
    const asked = fetch(server.url);
    await arrived.promise;
    const closed = server.close(10_000);
    expect(await (await asked).text()).toBe('whole');
    await closed;
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('cuts what goes on for longer than it may', async () => {
    const server = await serve({ ...LOCAL, fetch: () => new Response(new ReadableStream()) });
    const { body } = await fetch(server.url);
    const read = body?.getReader().read();
    await server.close(50);
    await expect(read).rejects.toThrow();
  });
});

async function makeCertificate(folder: string): Promise<[certFile: string, keyFile: string]> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=console', '-days', '1', '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
  return [cert, key];
}
