import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pipeline } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scriptedTrainer } from '../scripted-platform.fixture.ts';

const TOKENS = { ada: ['read', 'train'], camera: ['infer'], reader: ['read'] };

describe.skipIf(CHROMIUM === undefined)('signing in by a token (needs Chromium, or CASSL_CHROMIUM)', () => {
  const trainer = scriptedTrainer();
  trainer.pipelines.set('p1', Pipeline.fromPartial({ status: { id: 'p1', state: 'JOB_STATE_RUNNING' } }));
  let tokensFile = '';
  const writeTokens = (names: readonly (keyof typeof TOKENS)[]): Promise<void> => {
    const tokens = names.map((name) => ({
      ...{ name, scopes: TOKENS[name] },
      sha256: createHash('sha256').update(`token-of-${name}`).digest('hex'),
    }));
    return writeFile(tokensFile, JSON.stringify({ tokens }));
  };
  const pages = openPages({
    services: () => trainer.services,
    async security(folder) {
      tokensFile = join(folder, 'tokens.json');
      await writeTokens(['ada', 'camera', 'reader']);
      return { tokensFile };
    },
  });
  const signIn = async (name: string): Promise<void> => {
    pages.expected.push(/status of 401/);
    await pages.page.getByLabel('Your token for this platform').fill(` token-of-${name}\n`);
    await pages.page.getByRole('button', { name: 'Sign in' }).click();
  };

  it('comes before everything else, and leads to what was asked for', async () => {
    await pages.go('/pipelines/p1');
    await signIn('ada');
    await pages.page.getByRole('button', { name: 'Cancel pipeline' }).waitFor();
    expect(new URL(pages.page.url()).pathname).toBe('/pipelines/p1');
    await pages.page.getByText('ada').waitFor();
    expect(await pages.page.evaluate('document.cookie')).toBe('');
  });

  it('says that a token is not known, and takes the next one', async () => {
    await pages.go('/');
    await signIn('nobody');
    await pages.page.getByRole('alert').filter({ hasText: 'UNAUTHENTICATED' }).waitFor();
    expect(await seriousFindings(pages.page)).toEqual([]);
    await signIn('reader');
    await pages.page.getByRole('link', { name: 'p1' }).waitFor();
  });

  it('stays for other pages and a new load, until one signs out', async () => {
    await pages.go('/');
    await signIn('ada');
    await pages.page.getByRole('link', { name: 'p1' }).click();
    await pages.page.reload();
    await pages.page.getByRole('button', { name: 'Sign out' }).click();
    await pages.page.getByLabel('Your token for this platform').waitFor();
    await expect.poll(() => pages.page.context().cookies()).toEqual([]);
    await pages.page.reload();
    await pages.page.getByLabel('Your token for this platform').waitFor();
  });

  it('says what a token may not do, on every page that follows something', async () => {
    pages.expected.push(/status of 403/);
    await pages.go('/');
    await signIn('camera');
    for (const path of [
      '/pipelines',
      '/pipelines/p1',
      '/labelings',
      '/trainings',
      '/experiments',
      '/registry',
    ]) {
      await pages.go(path);
      const alert = pages.page.getByRole('alert').filter({ hasText: 'PERMISSION_DENIED' }).first();
      await alert.waitFor();
      expect(await alert.textContent()).toContain('lacks the scope "read"');
    }
  });

  it('says which change a token may not make, and changes nothing', async () => {
    pages.expected.push(/status of 403/);
    await pages.go('/pipelines/p1');
    await signIn('reader');
    await pages.page.getByRole('button', { name: 'Cancel pipeline' }).click();
    await pages.page.getByRole('button', { name: 'Cancel pipeline' }).click();
    await pages.page.getByText('lacks the scope "train"').waitFor();
    expect(trainer.cancelled).toEqual([]);
  });

  it('is asked for again when the token is taken back', async () => {
    await pages.go('/pipelines/p1');
    await signIn('ada');
    await pages.page.getByRole('button', { name: 'Cancel pipeline' }).waitFor();
    await writeTokens(['reader']);
    try {
      await expect
        .poll(
          async () => {
            await pages.page.reload();
            await pages.page.waitForTimeout(500);
            return pages.page.getByLabel('Your token for this platform').count();
          },
          { timeout: 30_000 },
        )
        .toBe(1);
    } finally {
      await writeTokens(['ada', 'camera', 'reader']);
    }
  });
});
