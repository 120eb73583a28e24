import { Pipeline } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from './open-console.fixture.ts';
import { scriptedTrainer } from './scripted-platform.fixture.ts';

const TOKEN = 'secret-of-the-operator';
const OWN = { 'x-cassl-console': '1', 'content-type': 'application/json' };

describe('the API of the console', () => {
  const trainer = scriptedTrainer();
  trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1', state: 'JOB_STATE_RUNNING' } }));
  let console: OpenConsole;
  beforeAll(async () => {
    console = await openConsole(trainer.services, { token: TOKEN });
  });
  afterAll(() => console.close());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${console.url}${path}`, { headers });
  const post = (path: string, headers: Record<string, string>, body?: unknown): Promise<Response> =>
    fetch(`${console.url}${path}`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const errorOf = async (response: Response): Promise<string> => {
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return `${response.status} ${error.code}: ${error.message}`;
  };

  it('answers nobody without a token', async () => {
    const response = await get('/api/pipelines/events');
    expect(await errorOf(response)).toMatch(/^401 UNAUTHENTICATED: .*bearer token/);
    // Else browsers open a window of their own.
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  it('keeps the token of who signs in where scripts and other sites cannot use it, and sends it on', async () => {
    const refused = await post('/api/session', OWN, { token: 'wrong' });
    expect(refused.status).toBe(401);
    const response = await post('/api/session', OWN, { token: TOKEN });
    expect(await response.json()).toMatchObject({ name: 'operator', isOpen: false });
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    // The trainer checks tokens itself: it answers only because the token went on.
    const cancelled = await post('/api/pipelines/p1/cancel', { ...OWN, cookie: cookie.split(';')[0] ?? '' });
    expect(cancelled.status).toBe(200);
    expect(trainer.cancelled).toEqual(['p1']);
  });

  it('refuses changes that a page of another site asks for', async () => {
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const plain = await post('/api/pipelines/p1/cancel', bearer);
    expect(await errorOf(plain)).toMatch(/^403 PERMISSION_DENIED: changes need the header x-cassl-console/);
    const foreign = await post('/api/pipelines/p1/cancel', {
      ...bearer,
      ...OWN,
      'sec-fetch-site': 'cross-site',
    });
    expect(foreign.status).toBe(403);
    expect(trainer.cancelled).toEqual(['p1']);
  });

  it('lets nothing run but its own files', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    const page = await (await get('/pipelines/p1')).text();
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/https?:\/\//);
  });

  it('streams what the services say, and says why it cannot', async () => {
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const events = await get('/api/pipelines/p1/events', bearer);
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^data: \{"pipeline":\{"status":\{"id":"p1"/);
    await reader.cancel();
    const missing = await (await get('/api/pipelines/none/events', bearer)).text();
    expect(missing).toContain('event: failure\ndata: {"code":"NOT_FOUND","message":"no job \\"none\\""}');
  });

  it('keeps files for ever under names of their content, packed', async () => {
    const page = await (await get('/')).text();
    const path = /src="([^"]+)"/.exec(page)?.[1] ?? '';
    const script = await get(path, { 'accept-encoding': 'br' });
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('br');
    expect(await errorOf(await get('/api/nothing', { authorization: `Bearer ${TOKEN}` }))).toMatch(/^404/);
  });
});
