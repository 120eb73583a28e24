import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pipeline } from '@cassl/proto';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scriptedTrainer } from '../scripted-platform.fixture.ts';
import { keepToken } from './session.ts';

const TOKEN = 'token-of-ada/+=';
/** As issuers make them that name every group of a person. */
const LONG = 'x'.repeat(5000);
const OWN = { 'x-cassl-console': '1' };

interface Answer {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly isOpen?: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

describe('a session', () => {
  const trainer = scriptedTrainer();
  trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1', state: 'JOB_STATE_RUNNING' } }));
  let folder: string;
  let console: OpenConsole;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-console-session-'));
    await writeTokens({ ada: TOKEN, reader: 'token-of-reader', groups: LONG });
    console = await openConsole(trainer.services, { tokensFile: join(folder, 'tokens.json') });
  });
  afterAll(async () => {
    await console.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function writeTokens(known: Readonly<Record<string, string>>): Promise<void> {
    const tokens = Object.entries(known).map(([name, token]) => ({
      name,
      sha256: createHash('sha256').update(token).digest('hex'),
      scopes: name === 'reader' ? ['read'] : ['read', 'train'],
    }));
    await writeFile(join(folder, 'tokens.json'), JSON.stringify({ tokens }));
  }

  const signIn = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${console.url}/api/session`, { method: 'POST', headers: { ...OWN, ...headers }, body });
  const answerOf = async (response: Response): Promise<Answer> => (await response.json()) as Answer;
  const cookieOf = (response: Response): string =>
    (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const session = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${console.url}/api/session`, { headers });

  it('begins with a token, and says whose it is and what it may', async () => {
    const response = await signIn(JSON.stringify({ token: TOKEN }));
    const ada = { name: 'ada', scopes: ['read', 'train'], isOpen: false };
    expect(await answerOf(response)).toEqual(ada);
    expect(await answerOf(await session({ cookie: cookieOf(response) }))).toEqual(ada);
  });

  it('keeps the token as it is, whatever letters it has', async () => {
    const cookie = cookieOf(await signIn(JSON.stringify({ token: TOKEN })));
    expect(decodeURIComponent(cookie)).toBe(`cassl_token=${TOKEN}`);
    const url = `${console.url}/api/pipelines/p1/cancel`;
    // The trainer asks for the token too.
    expect((await fetch(url, { method: 'POST', headers: { ...OWN, cookie } })).status).toBe(200);
  });

  it('ends with the cookie', async () => {
    const response = await fetch(`${console.url}/api/session`, { method: 'DELETE', headers: OWN });
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(/^cassl_token=; Max-Age=0; Path=\//);
  });

  it('can be ended by no page of another site', async () => {
    const foreign = await fetch(`${console.url}/api/session`, { method: 'DELETE' });
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it('may use the cookie over TLS only where it came so', async () => {
    const body = JSON.stringify({ token: TOKEN });
    const plain = await signIn(body);
    expect(plain.headers.get('set-cookie')).not.toContain('Secure');
    const proxied = await signIn(body, { 'x-forwarded-proto': 'https' });
    expect(proxied.headers.get('set-cookie')).toContain('; Secure');
  });

  it('prefers what a proxy says in the header to the cookie of a browser', async () => {
    const cookie = cookieOf(await signIn(JSON.stringify({ token: TOKEN })));
    const answer = await session({ cookie, authorization: 'Bearer token-of-reader' });
    expect(await answerOf(answer)).toMatchObject({ name: 'reader' });
    expect((await session({ cookie, authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it('lets nobody do what the token does not allow, cookie or not', async () => {
    const cookie = cookieOf(await signIn(JSON.stringify({ token: 'token-of-reader' })));
    const cancel = await fetch(`${console.url}/api/pipelines/p1/cancel`, {
      method: 'POST',
      headers: { ...OWN, cookie },
    });
    expect(cancel.status).toBe(403);
    expect((await answerOf(cancel)).error?.message).toContain('lacks the scope "train"');
  });

  it('is over when the token is taken back', async () => {
    await writeTokens({ ada: TOKEN, reader: 'token-of-reader', guest: 'token-of-guest' });
    const guest = JSON.stringify({ token: 'token-of-guest' });
    await expect.poll(async () => (await signIn(guest)).status, { timeout: 20_000 }).toBe(200);
    const cookie = cookieOf(await signIn(guest));
    await writeTokens({ ada: TOKEN, reader: 'token-of-reader', groups: LONG });
    await expect.poll(async () => (await session({ cookie })).status, { timeout: 20_000 }).toBe(401);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"token":'],
    ['no object', '"token"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no token', '{}'],
    ['a number', '{"token":7}'],
    ['an empty token', '{"token":""}'],
    ['a token with spaces', '{"token":"a b"}'],
    ['a token with lines', JSON.stringify({ token: `${TOKEN}\r\nset-cookie: a=b` })],
    ['an unknown token', '{"token":"unknown"}'],
    ['a token of other letters', '{"token":"tökén-😀"}'],
    ['a token with a zero', '{"token":"a\\u0000b"}'],
  ])('does not begin with %s', async (_, body) => {
    const response = await signIn(body);
    expect((await answerOf(response)).error?.code).toBe('UNAUTHENTICATED');
    expect([response.status, response.headers.get('set-cookie')]).toEqual([401, null]);
  });

  it('says how long a token may be: longer ones no browser keeps', async () => {
    const response = await signIn(JSON.stringify({ token: LONG }));
    expect(await answerOf(response)).toMatchObject({
      error: {
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('has 5000 bytes, and browsers keep 4000') as string,
      },
    });
    expect(response.headers.get('set-cookie')).toBeNull();
    // A proxy may send it all the same.
    expect((await session({ authorization: `Bearer ${LONG}` })).status).toBe(200);
  });

  it('reads no more of a body than a token can have', async () => {
    const asked = request(`${console.url}/api/session`, { method: 'POST', headers: OWN });
    let sent = 0;
    const block = Buffer.alloc(65_536, 'x');
    const send = (): void => {
      if (sent > 2 ** 26 || asked.destroyed) return;
      sent += block.length;
      asked.write(block, (error) => error == null && setImmediate(send));
    };
    asked.on('error', () => undefined);
    send();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    asked.destroy();
    expect(answer.statusCode).toBe(413);
    expect(sent).toBeLessThan(2 ** 24);
  });

  it.each(['', 'Bearer', 'Bearer ', 'Basic', 'Basic !!!', 'Digest x', 'bearer\twrong', 'Bearer ü'])(
    'is none with the authorization %j',
    async (authorization) => {
      const response = await session({ authorization });
      expect([response.status, (await answerOf(response)).error?.code]).toEqual([401, 'UNAUTHENTICATED']);
    },
  );

  it.each(['cassl_token', 'cassl_token=', 'cassl_token=%', 'cassl_token=%00', 'a=b; =; cassl_token=%FF'])(
    'is none with the cookie %j',
    async (cookie) => expect((await session({ cookie })).status).toBe(401),
  );
});

describe('a kept token', () => {
  const keep = async (lifetimeSeconds?: number): Promise<string> => {
    const app = new Hono().get('/', (context) => {
      keepToken(context, 'a', lifetimeSeconds);
      return context.body(null);
    });
    return (await app.request('/')).headers.get('set-cookie') ?? '';
  };

  it('lasts as long as its issuer says, at most what browsers allow, or until they are closed', async () => {
    expect(await keep(600)).toContain('Max-Age=600;');
    // Issuers that never take tokens back say ten years and more.
    expect(await keep(1e9)).toContain(`Max-Age=${400 * 86_400};`);
    expect(await keep()).not.toContain('Max-Age');
  });
});

describe('a platform that asks nobody', () => {
  const trainer = scriptedTrainer();
  let console: OpenConsole;
  beforeAll(async () => {
    trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1' } }));
    console = await openConsole(trainer.services);
  });
  afterAll(() => console.close());

  it('says so', async () => {
    expect(await (await fetch(`${console.url}/api/session`)).json()).toMatchObject({ isOpen: true });
  });

  // A browser may still hold a token of the time when it asked, or stand behind a proxy that adds its own.
  it.each(['Bearer left-over', 'Bearer tökén', 'Basic YTpi', 'Bearer a, Bearer b'])(
    'works with the authorization %j as without',
    async (authorization) => {
      const cancel = await fetch(`${console.url}/api/pipelines/p1/cancel`, {
        method: 'POST',
        headers: { ...OWN, authorization },
      });
      expect(cancel.status).toBe(200);
    },
  );

  it('works with an odd cookie as without', async () => {
    const headers = { ...OWN, cookie: 'cassl_token=t%C3%B6k%C3%A9n%0A' };
    const cancel = await fetch(`${console.url}/api/pipelines/p1/cancel`, { method: 'POST', headers });
    expect(cancel.status).toBe(200);
  });
});
