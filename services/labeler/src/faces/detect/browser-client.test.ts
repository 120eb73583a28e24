import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Detections } from '@cassl/client/http';
import { encodePng } from '@cassl/vision';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../open-inference/serve-no-op.fixture.ts';

const CHROMIUM = [process.env['CASSL_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
const TOKEN = 'a-token-of-the-page-0123456789';
/** Where a page finds the packages; a bundler does the same in earnest. */
const PACKAGES = ['@cassl/client/http', '@cassl/errors', 'p-map', 'p-retry', 'is-network-error'];

describe.skipIf(CHROMIUM === undefined)(
  '@cassl/client in Chromium (needs Chromium, or CASSL_CHROMIUM)',
  () => {
    let test: TestServer;
    let stranger: TestServer;
    let site: Server;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      site = createServer((request, response) => {
        serveSite(request.url ?? '').then(
          ([type, text]) => response.setHeader('content-type', type).end(text),
          (error: unknown) => response.writeHead(404).end(String(error)),
        );
      });
      site.listen(0, '127.0.0.1');
      await once(site, 'listening');
      const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
      test = await serveNoOp({ token: TOKEN }, { CASSL_HTTP_ORIGINS: `https://app.example, ${origin}` });
      stranger = await serveNoOp({}, { CASSL_HTTP_ORIGINS: 'https://app.example' });
      browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
      page = await browser.newPage();
      await page.goto(origin);
    });
    afterAll(async () => {
      await browser.close();
      site.close();
      await test.stop();
      await stranger.stop();
    });

    /** Runs `body` in the page with `client`, `picture` and `connectHttp` at hand. */
    const inPage = (url: string, token: string, picture: readonly number[], body: string): Promise<object> =>
      page.evaluate(`(async () => {
      const { connectHttp } = await import('@cassl/client/http');
      const client = connectHttp(${JSON.stringify(url)}, { token: ${JSON.stringify(token)}, retries: 0 });
      const picture = Uint8Array.from(${JSON.stringify(picture)});
      ${body}
    })()`);

    it('detects from a page of another origin, one picture and many, and names what is wrong', async () => {
      const picture = [...(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }))];
      const one: Partial<Detections> = await inPage(
        test.http.url,
        TOKEN,
        picture,
        `return client.detect(picture, { model: 'm' });`,
      );
      expect(one).toMatchObject({
        digest: 'digest-of-m',
        width: 5,
        height: 4,
        detections: [{ box: { x1: 0, y1: 0, x2: 5, y2: 4 }, categoryId: 7 }],
      });
      const many = await inPage(
        test.http.url,
        TOKEN,
        picture,
        `const seen = [];
       const pictures = [picture, new Uint8Array([1, 2, 3]), picture];
       for await (const answer of client.detectStream(pictures, { model: 'm' }))
         seen.push([answer.position, answer.found?.width ?? answer.error.code]);
       return seen;`,
      );
      expect(many).toEqual([
        [0, 5],
        [1, 'INVALID_ARGUMENT'],
        [2, 5],
      ]);
      const attempt = `return client.detect(picture, { model: 'm' }).then(() => 'answered', (error) => error.code);`;
      expect(await inPage(test.http.url, 'another-token-0123456789', picture, attempt)).toBe(
        'UNAUTHENTICATED',
      );
      // The browser itself keeps a page from a labeler that does not know its origin.
      expect(await inPage(stranger.http.url, '', picture, attempt)).toBe('UNAVAILABLE');
    });
  },
);

async function serveSite(path: string): Promise<[type: string, text: string]> {
  if (path === '/') {
    const imports = Object.fromEntries(
      PACKAGES.map((name) => [name, `/file${fileURLToPath(import.meta.resolve(name))}`]),
    );
    return ['text/html', `<script type="importmap">${JSON.stringify({ imports })}</script>`];
  }
  const file = path.replace(/^\/file/, '');
  const text = await readFile(file, 'utf8');
  return ['text/javascript', file.endsWith('.ts') ? stripTypeScriptTypes(text) : text];
}
