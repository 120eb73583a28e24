import { brotliDecompressSync } from 'node:zlib';
import type { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { assetRoutes } from './asset-routes.ts';
import { bundleWeb, type WebBundle } from './bundle-web.ts';

describe('the bundled page', () => {
  let web: WebBundle;
  let app: Hono;
  beforeAll(async () => {
    web = await bundleWeb();
    app = assetRoutes(web);
  });
  const pathOf = (end: string): string => [...web.assets.keys()].find((path) => path.endsWith(end)) ?? '';
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    app.request(path, { method, headers });

  it('names a script, a style and an icon, which are all that there is', () => {
    expect([...web.assets.keys()].map((path) => path.replace(/-[0-9a-f]{12}/, '')).toSorted()).toEqual([
      ...['/assets/app.js', '/assets/icon.svg', '/assets/style.css'],
    ]);
    for (const path of web.assets.keys()) expect(web.page).toContain(`"${path}"`);
  });

  it('has the same names for the same sources, so that replicas answer for each other', async () => {
    const again = await bundleWeb();
    expect([...again.assets.keys()]).toEqual([...web.assets.keys()]);
    expect(again.page).toBe(web.page);
  });

  it('runs under a policy that evaluates nothing and loads nothing from elsewhere', () => {
    const script = Buffer.from(web.assets.get(pathOf('.js'))?.body ?? []).toString();
    expect(script).not.toMatch(/\beval\(|\bnew Function\(|\bimport\(/);
    const style = Buffer.from(web.assets.get(pathOf('.css'))?.body ?? []).toString();
    expect(style).not.toMatch(/@import|url\(\s*["']?https?:/);
    expect(web.page).not.toMatch(/ on\w+=| style=/);
  });

  it.each([
    ['.js', 'text/javascript; charset=utf-8'],
    ['.css', 'text/css; charset=utf-8'],
    ['.svg', 'image/svg+xml'],
  ])('comes packed for who can unpack it, and as it is for others: %s', async (end, type) => {
    const path = pathOf(end);
    const plain = await get(path);
    expect(plain.headers.get('content-type')).toBe(type);
    expect(plain.headers.get('content-encoding')).toBeNull();
    const body = Buffer.from(await plain.arrayBuffer());
    const packed = await get(path, { 'accept-encoding': 'gzip, deflate, br' });
    expect(packed.headers.get('content-encoding')).toBe('br');
    expect(brotliDecompressSync(Buffer.from(await packed.arrayBuffer())).equals(body)).toBe(true);
    // Caches between must not give one to who asked for the other.
    for (const answer of [plain, packed]) expect(answer.headers.get('vary')).toBe('accept-encoding');
    // Names of encodings that only look like it.
    for (const other of ['brotli', 'x-br2', 'gzip'])
      expect((await get(path, { 'accept-encoding': other })).headers.get('content-encoding')).toBeNull();
  });

  it('is kept by its content, and asked for anew by the page', async () => {
    expect((await get(pathOf('.js'))).headers.get('cache-control')).toBe(
      'public, max-age=31536000, immutable',
    );
    expect((await get('/')).headers.get('cache-control')).toBe('no-cache');
  });

  it.each(['/', '/pipelines', '/registry/a%2Fb', '/images?set=file:///x', '/favicon.ico', '/nothing/at/all'])(
    'is the one page at %s',
    async (path) => {
      const answer = await get(path);
      expect([answer.status, await answer.text()]).toEqual([200, web.page]);
    },
  );

  it.each(['/assets/app.js', '/assets/app-000000000000.js', '/assets/constructor', '/assets/..%2Fmain.ts'])(
    'has nothing at %s: an old page must not take the new one for a script',
    async (path) => expect((await get(path)).status).toBe(404),
  );

  it('has a head without a body', async () => {
    for (const path of ['/', pathOf('.js')]) {
      const head = await get(path, {}, 'HEAD');
      expect([head.status, await head.text()]).toEqual([200, '']);
    }
  });
});
