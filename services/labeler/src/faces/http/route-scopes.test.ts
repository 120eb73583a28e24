import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@cassl/rpc';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelerConfig } from '../../config.ts';
import { serveNoOp, type TestServer } from '../open-inference/serve-no-op.fixture.ts';
import { addFaceRoutes } from './open-http-faces.ts';

interface Route {
  readonly method: string;
  readonly path: string;
  readonly scope: string | undefined;
}

/** What anybody may ask: probes and what describes the port itself. */
const OPEN = ['/', '/openapi.json', '/health', '/v2', '/v2/health/live', '/v2/health/ready'];
/** `fetch` sends none of these. */
const UNSENDABLE = ['TRACE', 'CONNECT', 'TRACK'];
const SCOPES = ['read', 'infer', 'label', 'train', 'publish', 'promote', 'admin'];

let folder: string;
let test: TestServer;
let routes: Route[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-route-scopes-'));
  const tokensFile = join(folder, 'tokens.json');
  const tokens = SCOPES.map((scope) => ({
    name: `only-${scope}`,
    sha256: createHash('sha256').update(`${scope}-token`).digest('hex'),
    scopes: [scope],
  }));
  await writeFile(tokensFile, JSON.stringify({ tokens }));
  test = await serveNoOp({ tokensFile });
  routes = await routesOf(test);
});
afterAll(async () => {
  await test?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function routesOf({ inference, server }: TestServer): Promise<Route[]> {
  const found: Route[] = [];
  const app = fastify();
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const name of [method].flat())
      if (!UNSENDABLE.includes(name)) found.push({ method: name, path: url, scope: config?.scope });
  });
  const logger = createLogger({ name: 'test', level: 'silent' });
  addFaceRoutes(app, { inference, server, logger, config: readLabelerConfig({}) });
  await app.close();
  return found;
}

function ask({ method, path }: Route, token?: string): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(test.http.url + path.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x'), { method, headers });
}

describe('every route of the HTTP port', () => {
  it('says its scope, and only probes and descriptions are open', () => {
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter(({ scope }) => scope === undefined)).toEqual([]);
    const open = routes.filter(({ scope }) => scope === 'open').map(({ path }) => path);
    expect(open.filter((path) => !OPEN.includes(path))).toEqual([]);
  });

  it('refuses who has no token, and a token that may only infer (or only read) by the name of the missing scope', async () => {
    for (const route of routes) {
      const { method, path, scope = '' } = route;
      const name = `${method} ${path}`;
      if (scope === 'open') {
        expect([401, 403], name).not.toContain((await ask(route)).status);
        continue;
      }
      expect((await ask(route)).status, name).toBe(401);
      const lacking = await ask(route, scope === 'infer' ? 'read-token' : 'infer-token');
      expect(lacking.status, name).toBe(403);
      if (method !== 'HEAD') expect(await lacking.text(), name).toContain(`lacks the scope \\"${scope}\\"`);
      expect([401, 403], name).not.toContain((await ask(route, `${scope}-token`)).status);
    }
  }, 60_000);
});
