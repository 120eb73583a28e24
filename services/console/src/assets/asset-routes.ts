import { Hono } from 'hono';
import type { WebBundle } from './bundle-web.ts';

/** The bundle's files, and the one page at every other address. */
export function assetRoutes({ page, assets }: WebBundle): Hono {
  return new Hono()
    .get('/assets/:name', ({ req, body, notFound }) => {
      const asset = assets.get(req.path);
      if (asset === undefined) return notFound();
      const isBrotli = /\bbr\b/.test(req.header('accept-encoding') ?? '');
      return body(isBrotli ? asset.brotli : asset.body, 200, {
        'content-type': asset.type,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
        ...(isBrotli ? { 'content-encoding': 'br' } : {}),
      });
    })
    .get('*', ({ html }) => html(page, 200, { 'cache-control': 'no-cache' }));
}
