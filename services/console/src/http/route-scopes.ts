import type { Scope } from '@cassl/rpc';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';

/**
 * What each route of the API needs; one that is missing here needs `admin`, and a test walks the app and fails on it. The services check every
 * call that is made for it once more, aliases included.
 */
export const ROUTE_SCOPES: Readonly<Record<string, Scope>> = {
  'GET /api/pipelines/events': 'read',
  'GET /api/pipelines/:id/events': 'read',
  'POST /api/pipelines/:id/cancel': 'train',
  'POST /api/pipelines/:id/resume': 'train',
  'GET /api/experiments/events': 'read',
  'GET /api/trainings/events': 'read',
  'GET /api/trainings/watch': 'read',
  'POST /api/trainings/:id/cancel': 'train',
  'POST /api/trainings/:id/resume': 'train',
  'GET /api/labelings/events': 'read',
  'GET /api/labelings/:id/events': 'read',
  'GET /api/labelings/:id/shards': 'read',
  'POST /api/labelings/:id/pause': 'label',
  'POST /api/labelings/:id/resume': 'label',
  'POST /api/labelings/:id/cancel': 'label',
  'POST /api/labelings/:id/retry': 'label',
  'GET /api/evaluations': 'read',
  'GET /api/evaluations/:id': 'read',
  'GET /api/label-sets/of-evaluation': 'read',
  'GET /api/label-sets/scores': 'read',
  'GET /api/label-sets/head': 'read',
  'GET /api/label-sets/images': 'read',
  'GET /api/label-sets/picture': 'read',
  'GET /api/registry/checkpoints': 'read',
  'GET /api/registry/checkpoints/:reference': 'read',
  // It asks the registry whether an alias could move, which only those may know who may move it.
  'POST /api/registry/checkpoints/:reference/gates': 'promote',
  'GET /api/registry/aliases': 'read',
  'GET /api/registry/alias': 'read',
  'POST /api/try': 'infer',
  'GET /api/logs': 'read',
};

/** What a request needs, by the route that will answer it; an address that is none needs what a look needs. */
export function scopeOfRoute(context: Context): Scope {
  const route = matchedRoutes(context).find(
    ({ method, path }) => method !== 'ALL' && path.startsWith('/api/'),
  );
  if (route === undefined) return 'read';
  const name = `${route.method} ${route.path}`;
  return Object.hasOwn(ROUTE_SCOPES, name) ? (ROUTE_SCOPES[name] ?? 'admin') : 'admin';
}
