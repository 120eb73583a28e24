import { Pipeline } from '@cassl/proto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium, seriousFindings } from '../browser.fixture.ts';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scriptedTrainer } from '../scripted-platform.fixture.ts';
import { AUDIENCE, CLIENT, openIssuer, type Issuer } from './issuer.fixture.ts';
import { oidcSignIn } from './oidc-sign-in.ts';

const SCOPES = 'cassl:read cassl:train';

describe('signing in with an account of the issuer', () => {
  const trainer = scriptedTrainer();
  trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1', state: 'JOB_STATE_RUNNING' } }));
  let issuer: Issuer;
  let console: OpenConsole;
  beforeAll(async () => {
    // Each must know the other's address.
    let redirectUri = '';
    issuer = await openIssuer(() => redirectUri, SCOPES);
    const oidc = { issuer: issuer.url, audience: AUDIENCE };
    const signIn = oidcSignIn({ ...oidc, ...CLIENT, scopes: `openid ${SCOPES}` });
    console = await openConsole(trainer.services, { oidc }, { issuer: issuer.url, signIn });
    redirectUri = `${console.url}/api/session/oidc/callback`;
  });
  afterAll(async () => {
    await console.close();
    await issuer.close();
  });

  it.skipIf(CHROMIUM === undefined)(
    'opens the page, and its services take the token (needs Chromium, or CASSL_CHROMIUM)',
    async () => {
      const browser: Browser = await launchChromium();
      try {
        const page = await browser.newPage();
        await page.goto(`${console.url}/pipelines/p1`);
        const link = page.getByRole('link', { name: 'Sign in with 127.0.0.1' });
        await link.waitFor();
        expect(await seriousFindings(page)).toEqual([]);
        await link.click();
        await page.getByPlaceholder('Enter any login').fill('ada');
        await page.getByPlaceholder('and password').fill('any');
        await page.getByRole('button', { name: 'Sign-in' }).click();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.waitForURL(`${console.url}/`);
        await page.getByText('ada').waitFor();
        await page.goto(`${console.url}/pipelines/p1`);
        await page.getByRole('button', { name: 'Cancel pipeline' }).click();
        const answer = page.waitForResponse(/cancel$/);
        await page.getByRole('button', { name: 'Cancel pipeline' }).click();
        expect((await answer).status()).toBe(200);
        expect(trainer.cancelled).toEqual(['p1']);
        const [cookie] = (await page.context().cookies()).filter(({ name }) => name === 'cassl_token');
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
        expect(await page.evaluate('document.cookie')).toBe('');
      } finally {
        await browser.close();
      }
    },
  );

  it('ends at the form where the issuer refuses, or the way back is not of this browser', async () => {
    const back = async (query: string, cookie = ''): Promise<string | null> => {
      const url = `${console.url}/api/session/oidc/callback?${query}`;
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      expect(response.headers.get('set-cookie') ?? '').not.toContain('cassl_token');
      return response.headers.get('location');
    };
    const began = await fetch(`${console.url}/api/session/oidc`, { redirect: 'manual' });
    const asked = new URL(began.headers.get('location') ?? '');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      client_id: CLIENT.clientId,
      code_challenge_method: 'S256',
      redirect_uri: `${console.url}/api/session/oidc/callback`,
    });
    const cookie = (began.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const state = asked.searchParams.get('state') ?? '';
    expect(await back(`error=access_denied&state=${state}`, cookie)).toBe('/?sign-in=refused');
    expect(await back(`code=stolen&state=${state}`)).toBe('/?sign-in=refused');
    expect(await back(`code=any&state=another`, cookie)).toBe('/?sign-in=refused');
    expect(await back(`code=any&state=${state}`, 'cassl_sign_in=broken')).toBe('/?sign-in=refused');
  });

  it('is not offered where the console is no client of an issuer', async () => {
    const plain = await openConsole([], { oidc: { issuer: issuer.url, audience: AUDIENCE } });
    try {
      expect(await (await fetch(`${plain.url}/api/session/ways`)).json()).toEqual({ issuer: null });
      expect((await fetch(`${plain.url}/api/session/oidc`)).status).toBe(404);
    } finally {
      await plain.close();
    }
  });
});
