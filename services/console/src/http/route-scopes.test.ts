import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCOPES, type Scope } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { ROUTE_SCOPES } from './route-scopes.ts';

/** Signing in needs a token that is known, or is the way to one, and no scope. */
const SESSION = [
  ...['GET /api/session', 'POST /api/session', 'DELETE /api/session'],
  ...['GET /api/session/ways', 'GET /api/session/oidc', 'GET /api/session/oidc/callback'],
];

let folder: string;
let console: OpenConsole;
let routes: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-console-scopes-'));
  const tokens = SCOPES.map((scope) => ({
    name: `only-${scope}`,
    sha256: createHash('sha256').update(`${scope}-token`).digest('hex'),
    scopes: [scope],
  }));
  await writeFile(join(folder, 'tokens.json'), JSON.stringify({ tokens }));
  console = await openConsole([], { tokensFile: join(folder, 'tokens.json') });
  routes = [...new Set(console.routes.filter((route) => /^[A-Z]+ \/api\//.test(route)))].filter(
    (route) => !route.startsWith('ALL ') && !SESSION.includes(route),
  );
});
afterAll(async () => {
  await console?.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask(route: string, scope?: Scope): Promise<{ status: number; text: string }> {
  const [method = '', path = ''] = route.split(' ');
  const headers = {
    'x-cassl-console': '1',
    ...(scope === undefined ? {} : { authorization: `Bearer ${scope}-token` }),
  };
  const stop = new AbortController();
  const init = { method, headers, signal: stop.signal };
  const response = await fetch(console.url + path.replaceAll(/:\w+/g, 'x'), init);
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = isStream ? '' : await response.text();
  stop.abort();
  return { status: response.status, text };
}

describe('every route of the console', () => {
  it('has its rule, and no rule is of a route that is gone', () => {
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter((route) => !Object.hasOwn(ROUTE_SCOPES, route))).toEqual([]);
    expect(Object.keys(ROUTE_SCOPES).filter((route) => !routes.includes(route))).toEqual([]);
  });

  it('refuses who has no token, and a token that may only infer (or only read) by the name of the missing scope', async () => {
    for (const route of routes) {
      const scope = ROUTE_SCOPES[route] ?? 'admin';
      expect((await ask(route)).status, route).toBe(401);
      const lacking = await ask(route, scope === 'infer' ? 'read' : 'infer');
      expect(lacking, route).toMatchObject({
        status: 403,
        text: expect.stringContaining(`lacks the scope \\"${scope}\\"`),
      });
      expect([401, 403], route).not.toContain((await ask(route, scope)).status);
    }
  }, 60_000);

  it('lets nobody change anything with a token that may only read', async () => {
    for (const route of routes.filter((name) => !name.startsWith('GET ')))
      expect((await ask(route, 'read')).status, route).toBe(403);
  });
});
