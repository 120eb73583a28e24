import type { Scope } from '@cassl/rpc';

/** `open`: the address carries its own permission, a ticket, which its handler checks. */
export type RouteRule = Scope | 'open';

/** Methods, a path whose `*` is one segment and whose last `**` is any number of them, and what it needs. */
export type Route = readonly [methods: string, path: string, rule: RouteRule];

/**
 * What each address needs; the first line that fits counts, and an address without one needs `admin`. Handlers check aliases once
 * more, since only they know which ones a request would change.
 */
export const ROUTES: readonly Route[] = [
  // Below an upload's ticket.
  ['PUT', '*/*.git/info/lfs/objects/*?ticket', 'open'],
  ['POST', '*/*.git/info/lfs/objects/*/complete?ticket', 'open'],
  ['PUT', 'v1/uploads/*?ticket', 'open'],
  ['POST', '*/*.git/info/lfs/objects/batch', 'publish'],
  ['POST', '*/*.git/info/lfs/objects/verify', 'publish'],
  // Everything else below a repository's Git address is answered by "there is no Git here".
  ['GET HEAD POST PUT', '*/*.git/**', 'read'],

  ['POST', 'api/models/*/*/paths-info/**', 'read'],
  ['POST', 'api/models/*/*/preupload/**', 'publish'],
  ['POST', 'api/models/*/*/commit/**', 'publish'],
  ['POST', 'api/models/*/*/branch/**', 'publish'],
  ['POST', 'api/models/*/*/tag/**', 'publish'],
  ['DELETE', 'api/models/*/*/branch/**', 'promote'],
  ['DELETE', 'api/models/*/*/tag/**', 'promote'],
  ['POST', 'api/repos/create', 'publish'],
  ['DELETE', 'api/repos/delete', 'promote'],
  ['POST', 'api/validate-yaml', 'read'],

  // Pulling only: what else is asked there is refused by a sentence of the view.
  ['POST PUT PATCH DELETE', 'v2/**', 'read'],
  ['POST PUT PATCH DELETE', 'v1/checkpoints/**', 'read'],
  ['GET HEAD', '**', 'read'],
];

/** What a request needs. @param path segments, decoded */
export function scopeOfRoute(method: string, path: readonly string[], query: URLSearchParams): RouteRule {
  return ROUTES.find((route) => fits(route, method, path, query))?.[2] ?? 'admin';
}

function fits(
  [methods, pattern]: Route,
  method: string,
  path: readonly string[],
  query: URLSearchParams,
): boolean {
  const [wanted = '', needed] = pattern.split('?');
  if (!methods.split(' ').includes(method) || (needed !== undefined && !query.has(needed))) return false;
  const parts = wanted.split('/');
  const isOpenEnded = parts.at(-1) === '**';
  if (isOpenEnded) parts.pop();
  if (isOpenEnded ? path.length < parts.length : path.length !== parts.length) return false;
  return parts.every((part, at) => fitsSegment(part, path[at] ?? ''));
}

function fitsSegment(part: string, segment: string): boolean {
  return part.startsWith('*') ? segment.endsWith(part.slice(1)) : segment === part;
}
