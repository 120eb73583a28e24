import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClient, METHOD_SCOPES, openAuthorizer, type ServerSecurity } from '../index.ts';
import { DEFINITIONS, serveEverything, type TestServer } from './test-server.ts';

const INFER = 'infer-token-0123456789';
const PROMOTE = 'promote-token-0123456789';
const FREQUENT = 'frequent-token-0123456789';
const SECRETS = [INFER, PROMOTE, FREQUENT];
const TOKENS = {
  tokens: [
    { name: 'camera', token: INFER, scopes: ['infer'] },
    { name: 'deployer', token: PROMOTE, scopes: ['promote'], aliases: ['shop/'] },
    { name: 'eager', token: FREQUENT, scopes: ['read'], quota: { requestsPerSecond: 1 } },
  ],
};

let folder = '';
const cleanups: (() => Promise<unknown> | void)[] = [];
const path = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-identity-'));
  await writeFile(path('tokens.json'), JSON.stringify(TOKENS));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true });
});

async function start(security: ServerSecurity = { tokensFile: path('tokens.json') }): Promise<TestServer> {
  const server = await serveEverything({ security, metricsPort: 0 });
  cleanups.push(() => server.stop({ drainMs: 0 }));
  return server;
}

type Methods = Record<string, (request: unknown, options: object) => unknown>;

/** Calls a method by name; answers its error, or undefined. */
async function call(
  server: TestServer,
  definition: (typeof DEFINITIONS)[number],
  name: string,
  token: string | undefined,
  request: object = {},
): Promise<{ code: string; message: string; details: Record<string, unknown> } | undefined> {
  const client = createClient(definition as (typeof DEFINITIONS)[0], server.address, { security: { token } });
  async function* one(): AsyncGenerator<object> {
    yield await Promise.resolve(request);
  }
  const method = (
    definition.methods as unknown as Record<string, { requestStream: boolean; responseStream: boolean }>
  )[name]!;
  try {
    const answer = (client as unknown as Methods)[name]!(method.requestStream ? one() : request, {
      deadlineMs: 10_000,
    });
    if (method.responseStream) for await (const _ of answer as AsyncIterable<unknown>) break;
    else await answer;
    return undefined;
  } catch (error) {
    return error as never;
  } finally {
    client.close();
  }
}

/** The audit lines so far. */
function auditOf({ lines }: TestServer): Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['audit'] === true);
}

const registry = DEFINITIONS[4];
const trainer = DEFINITIONS[5];

describe('scopes', () => {
  it('have a rule for every method of every service, and for no method that does not exist', () => {
    const methods = DEFINITIONS.flatMap(({ fullName, methods: all }) =>
      Object.values(all).map(({ name }) => `${fullName}/${name}`),
    );
    expect(methods.filter((method) => !Object.hasOwn(METHOD_SCOPES, method))).toEqual([]);
    const ours = Object.keys(METHOD_SCOPES).filter((method) => method.startsWith('cassl.v1.'));
    expect(ours.filter((method) => !methods.includes(method))).toEqual([]);
  });

  it('refuse a token that may only infer on every other method, by the name of the missing scope', async () => {
    const server = await start();
    for (const definition of DEFINITIONS) {
      for (const [name, method] of Object.entries(definition.methods)) {
        const title = String(method.name);
        const rule = METHOD_SCOPES[`${definition.fullName}/${title}`];
        const error = await call(server, definition, name, INFER);
        if (rule === 'infer' || rule === 'open') expect(error, title).toBeUndefined();
        else {
          expect(error, title).toMatchObject({
            code: 'PERMISSION_DENIED',
            message: `camera lacks the scope "${rule}"`,
            details: { reason: 'SCOPE_MISSING', scope: rule },
          });
        }
      }
    }
    const metrics = await fetch(`${server.metricsUrl}/metrics`, {
      headers: { authorization: `Bearer ${INFER}` },
    });
    expect(metrics.status).toBe(403);
    expect(await metrics.text()).toContain('lacks the scope \\"read\\"');
    expect((await fetch(`${server.metricsUrl}/metrics`)).status).toBe(401);
    expect((await fetch(`${server.metricsUrl}/readyz`)).status).toBe(200);
  });

  it('let an identity change its own aliases only, also by way of a training', async () => {
    const server = await start();
    expect(await call(server, registry, 'setAlias', PROMOTE, { alias: 'shop/prod' })).toBeUndefined();
    const other = await call(server, registry, 'setAlias', PROMOTE, { alias: 'bank/prod' });
    expect(other).toMatchObject({ code: 'PERMISSION_DENIED', details: { reason: 'ALIAS_NOT_ALLOWED' } });
    const training = await call(server, trainer, 'startTraining', PROMOTE, { spec: { alias: 'bank/x' } });
    expect(training).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('leave one audit line for a change and for a refusal, none for a look, and no secret anywhere', async () => {
    const server = await start();
    await call(server, registry, 'setAlias', PROMOTE, { alias: 'shop/prod' });
    await call(server, registry, 'getAlias', PROMOTE, { alias: 'shop/prod' });
    await call(server, registry, 'setAlias', 'wrong-token-0123456789', { alias: 'shop/prod' });
    await call(server, registry, 'deleteCheckpoint', INFER, { digest: 'sha256:x' });
    expect(auditOf(server)).toMatchObject([
      { who: 'deployer', alias: 'shop/prod', code: 'OK', method: 'cassl.v1.RegistryService/SetAlias' },
      { who: 'unknown', code: 'UNAUTHENTICATED' },
      { who: 'camera', code: 'PERMISSION_DENIED', digest: 'sha256:x' },
    ]);
    for (const secret of [...SECRETS, 'wrong-token']) expect(server.lines.join('')).not.toContain(secret);
  });
});

describe('a quota', () => {
  it('refuses what comes too often, and says when to come again', async () => {
    const server = await start();
    const errors = [];
    while (errors.length < 50 && errors.at(-1) === undefined)
      errors.push(await call(server, registry, 'getAlias', FREQUENT));
    expect(errors.slice(0, 2)).toEqual([undefined, undefined]);
    expect(errors.at(-1)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { reason: 'QUOTA_REQUESTS', retryAfterMs: expect.any(Number) },
    });
    const refused = errors.filter((error) => error !== undefined);
    expect(auditOf(server)).toMatchObject(
      refused.map(() => ({ who: 'eager', code: 'RESOURCE_EXHAUSTED', reason: 'QUOTA_REQUESTS' })),
    );
    expect(server.lines.join('')).not.toContain(FREQUENT);
  });

  it('holds over HTTP too, and a refusal there is one audit line without the query', async () => {
    const server = await start();
    const metrics = (token: string): Promise<Response> =>
      fetch(`${server.metricsUrl}/metrics?token=${token}`, { headers: { authorization: `Bearer ${token}` } });
    let refused = await metrics(FREQUENT);
    for (let count = 0; count < 50 && refused.status === 200; count++) refused = await metrics(FREQUENT);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await metrics(INFER)).status).toBe(403);
    expect((await metrics('unknown-token-0123456789')).status).toBe(401);
    expect(auditOf(server)).toMatchObject([
      { method: 'GET /metrics', who: 'eager', code: 'RESOURCE_EXHAUSTED', reason: 'QUOTA_REQUESTS' },
      { method: 'GET /metrics', who: 'camera', code: 'PERMISSION_DENIED', reason: 'SCOPE_MISSING' },
      { method: 'GET /metrics', who: 'unknown', code: 'UNAUTHENTICATED' },
    ]);
    for (const secret of [...SECRETS, 'unknown-token']) expect(server.lines.join('')).not.toContain(secret);
  });
});

describe('a token file', () => {
  it('is read again when it changes, and the last good one stays while it is broken', async () => {
    const authorizer = await openAuthorizer({ tokensFile: path('tokens.json') });
    cleanups.push(() => authorizer.close());
    const nameOf = (token: string): Promise<string> =>
      authorizer.identify(`Bearer ${token}`).then(
        ({ name }) => name,
        ({ code }: { code: string }) => code,
      );
    expect(await nameOf(INFER)).toBe('camera');
    await writeFile(path('tokens.json'), '{"tokens": [');
    await sleep(2500);
    expect(await nameOf(INFER)).toBe('camera');
    const changed = { tokens: [{ ...TOKENS.tokens[1], name: 'renamed' }] };
    await writeFile(path('next.json'), JSON.stringify(changed));
    await rename(path('next.json'), path('tokens.json'));
    await expect.poll(() => nameOf(INFER), { timeout: 30_000 }).toBe('UNAUTHENTICATED');
    expect(await nameOf(PROMOTE)).toBe('renamed');
  });

  it.each([
    ['{', 'is not JSON'],
    ['{"tokens":[{"name":"a","token":"secret-secret-secret","scopes":["fly"]}]}', 'tokens.0.scopes.0'],
    ['{"tokens":[{"name":"a","scopes":["infer"]}]}', 'neither token nor sha256'],
    ['{"tokens":[{"name":"a","token":"short","scopes":[]}]}', 'tokens.0.token'],
  ])(
    'is refused at the start where it is not right, without a word of its secrets: %s',
    async (text, reason) => {
      await writeFile(path('tokens.json'), text);
      const opening = openAuthorizer({ tokensFile: path('tokens.json') });
      await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(opening).rejects.toThrow(reason);
      await expect(opening).rejects.not.toThrow(/secret-secret|short/);
    },
  );
});

describe('a JWT', () => {
  const audience = 'cassl';
  let issuer = '';
  let server: Server;
  let key: CryptoKey;
  let isDown = false;
  let fetched = 0;

  beforeAll(async () => {
    const pair = await generateKeyPair('RS256');
    key = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256' };
    server = createServer((request, response) => {
      fetched++;
      if (isDown) return void request.socket.destroy();
      const discovery = { issuer, jwks_uri: `${issuer}/keys` };
      response.end(JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : discovery));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    isDown = false;
    fetched = 0;
  });

  const sign = (claims: object = {}, signedBy = key, expires: number | string = '5m'): Promise<string> =>
    new SignJWT({ scope: 'openid cassl:infer cassl:promote', cassl_aliases: ['shop/'], ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setSubject('ann')
      .setIssuer((claims as { iss?: string }).iss ?? issuer)
      .setAudience((claims as { aud?: string }).aud ?? audience)
      .setExpirationTime(expires)
      .sign(signedBy);

  const identify = async (token: string): Promise<unknown> => {
    const authorizer = await openAuthorizer({ oidc: { issuer, audience } });
    return authorizer.identify(`Bearer ${token}`);
  };

  it('of the issuer names the caller, scopes and aliases; the keys are fetched once', async () => {
    const authorizer = await openAuthorizer({ oidc: { issuer, audience } });
    const token = await sign();
    const identity = await authorizer.identify(`Bearer ${token}`);
    expect(identity).toMatchObject({ name: 'ann', aliasPrefixes: ['shop/'] });
    expect([...identity.scopes].sort()).toEqual(['infer', 'promote', 'read']);
    isDown = true;
    for (let count = 0; count < 5; count++) await authorizer.identify(`Bearer ${await sign()}`);
    expect(fetched).toBe(2);
  });

  it('that has expired, is for others, or was signed by others is refused with the reason', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const past = Math.floor(Date.now() / 1000) - 120;
    const refused = (reason: string): object => ({ code: 'UNAUTHENTICATED', details: { reason } });
    await expect(identify(await sign({}, key, past))).rejects.toMatchObject(refused('TOKEN_EXPIRED'));
    await expect(identify(await sign({ aud: 'other' }))).rejects.toMatchObject(refused('TOKEN_NOT_FOR_US'));
    await expect(identify(await sign({ iss: 'http://o' }))).rejects.toMatchObject(
      refused('TOKEN_NOT_FOR_US'),
    );
    await expect(identify(await sign({}, privateKey))).rejects.toMatchObject(refused('TOKEN_INVALID'));
    const [head, body] = (await sign()).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    await expect(identify(`${none}.${body}.`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(identify(`${head}.${body}.AAAA`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['that has expired', () => sign({}, key, Math.floor(Date.now() / 1000) - 120), 'TOKEN_EXPIRED'],
    ['for another service', () => sign({ aud: 'other' }), 'TOKEN_NOT_FOR_US'],
    ['of another issuer', () => sign({ iss: 'http://other' }), 'TOKEN_NOT_FOR_US'],
    ['signed by others', async () => sign({}, (await generateKeyPair('RS256')).privateKey), 'TOKEN_INVALID'],
    ['while the issuer is away', () => sign(), 'ISSUER_AWAY'],
  ] as const)('%s is refused by a service with one audit line and no word of it', async (_, make, reason) => {
    const server = await start({ oidc: { issuer, audience } });
    const token = await make();
    isDown = reason === 'ISSUER_AWAY';
    const code = isDown ? 'UNAVAILABLE' : 'UNAUTHENTICATED';
    const error = await call(server, registry, 'getAlias', token);
    expect(error).toMatchObject({ code, details: { reason, ...(isDown ? { retryAfterMs: 5000 } : {}) } });
    const lines = auditOf(server);
    // The client asks again while the issuer is away: one line for each time.
    expect(new Set(lines.map(({ callId }) => callId)).size).toBe(lines.length);
    if (!isDown) expect(lines).toHaveLength(1);
    for (const line of lines)
      expect(line).toMatchObject({
        who: 'unknown',
        code,
        reason,
        method: 'cassl.v1.RegistryService/GetAlias',
      });
    for (const part of token.split('.')) {
      expect(server.lines.join('')).not.toContain(part);
      expect(JSON.stringify(error)).not.toContain(part);
    }
  });

  it('cannot be checked while the issuer is away, which is not its fault', async () => {
    isDown = true;
    await expect(identify(await sign())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { reason: 'ISSUER_AWAY', retryAfterMs: 5000 },
    });
  });
});

describe('error details', () => {
  it('name the field for programs, in google.rpc messages that any client reads', async () => {
    const { invalidArgument } = await import('@cassl/errors');
    const server = await serveEverything(
      {},
      { getAlias: () => Promise.reject(invalidArgument('GetAliasRequest.alias must be short, got "long"')) },
    );
    cleanups.push(() => server.stop({ drainMs: 0 }));
    const error = await call(server, registry, 'getAlias', undefined);
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { field: 'GetAliasRequest.alias', reason: 'INVALID_ARGUMENT', callId: expect.any(String) },
    });
  });
});
