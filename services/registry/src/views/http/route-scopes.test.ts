import { createHash } from 'node:crypto';
import { SCOPES, type Scope } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from '../start-views.fixture.ts';
import { ROUTES, scopeOfRoute } from './route-scopes.ts';

/** Fits as a name, and where a digest is wanted. */
const DIGEST = '0'.repeat(64);
const none = new URLSearchParams();

describe('the rule of an address', () => {
  it.each([
    ['GET', 'v2/_catalog', 'read'],
    ['HEAD', 'a/b/resolve/main/model.safetensors', 'read'],
    ['POST', 'api/models/a/b/commit/main', 'publish'],
    ['DELETE', 'api/models/a/b/tag/v1', 'promote'],
    ['POST', 'a/b.git/info/lfs/objects/batch', 'publish'],
    ['PUT', 'a/b.git/info/lfs/objects/abc', 'read'],
    // Nobody has thought of these yet.
    ['POST', 'api/models/a/b/super-squash/main', 'admin'],
    ['DELETE', 'api/models/a/b', 'admin'],
    ['PATCH', 'api/settings', 'admin'],
  ])('%s /%s wants %s', (method, path, rule) => {
    expect(scopeOfRoute(method, path.split('/'), none)).toBe(rule);
  });

  it('asks for no token only where a ticket is shown', () => {
    const upload = ['a', 'b.git', 'info', 'lfs', 'objects', 'abc'];
    expect(scopeOfRoute('PUT', upload, new URLSearchParams('ticket=x'))).toBe('open');
    expect(scopeOfRoute('GET', ['v2'], new URLSearchParams('ticket=x'))).toBe('read');
    expect(scopeOfRoute('POST', [...upload.slice(0, -1), 'batch'], new URLSearchParams('ticket=x'))).toBe(
      'publish',
    );
  });
});

describe('every address of the registry’s HTTP port', () => {
  let views: TestViews;
  beforeAll(async () => {
    const tokens = SCOPES.map((scope) => ({
      name: `only-${scope}`,
      sha256: createHash('sha256').update(`${scope}-token`).digest('hex'),
      scopes: [scope],
    }));
    views = await startViews({ tokens });
  });
  afterAll(() => views?.stop());

  const ask = (method: string, path: string, scope?: Scope): Promise<Response> =>
    views.get(path, {
      method,
      headers: scope === undefined ? {} : { authorization: `Bearer ${scope}-token` },
    });

  const walked = ROUTES.flatMap(([methods, pattern, rule]) =>
    methods.split(' ').map((method) => [method, pattern, rule] as const),
  );

  it.each(walked)('%s /%s is refused by the name of the missing scope: %s', async (method, pattern, rule) => {
    const roots =
      pattern === '**'
        ? ['v1/checkpoints/x', 'v2/x/y/tags/list', 'api/models', 'x/y/resolve/main/z']
        : [pattern];
    for (const root of roots) {
      const path = `/${root.replace('?ticket', '?ticket=forged').replaceAll('**', 'x').replaceAll('*', DIGEST)}`;
      if (rule === 'open') {
        expect([401, 403], path).toContain((await ask(method, path)).status);
        continue;
      }
      expect((await ask(method, path)).status, path).toBe(401);
      const lacking = await ask(method, path, 'infer');
      expect(lacking.status, path).toBe(403);
      if (method !== 'HEAD') expect(await lacking.text(), path).toContain(`lacks the scope \\"${rule}\\"`);
    }
  });

  it('wants admin where no rule fits, whatever the address', async () => {
    for (const [method, path] of [
      ['POST', '/api/models/a/b/new-thing/main'],
      ['DELETE', '/api/models/a/b'],
      ['PATCH', '/api/repos/move'],
    ] as const) {
      const refused = await ask(method, path, 'publish');
      expect(await refused.text(), path).toContain('lacks the scope \\"admin\\"');
    }
  });
});
