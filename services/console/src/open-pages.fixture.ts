import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServedService, ServerSecurity } from '@cassl/rpc';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchChromium } from './browser.fixture.ts';
import { openConsole, type OpenConsole } from './open-console.fixture.ts';

/** A page of a console in Chromium, a fresh one for each test. */
export interface OpenPages {
  readonly console: OpenConsole;
  readonly page: Page;
  /** What the browser may complain of in this test; anything else fails it. */
  readonly expected: RegExp[];
  /** Goes to a path of the console. */
  go(path: string): Promise<void>;
}

interface PagesOptions {
  /** @param folder for files, which goes in the end */
  readonly services: (folder: string) => Promise<readonly ServedService[]> | readonly ServedService[];
  readonly security?: (folder: string) => Promise<ServerSecurity>;
}

/** Opens console and browser for the tests of a `describe`, and fails each test in which the browser complained. */
export function openPages({ services, security }: PagesOptions): OpenPages {
  let [folder, url] = ['', ''];
  let opened: OpenConsole | undefined;
  let browser: Browser | undefined;
  let page: Page | undefined;
  const [expected, complaints]: [RegExp[], string[]] = [[], []];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-pages-'));
    opened = await openConsole(await services(folder), await security?.(folder));
    url = opened.url;
    browser = await launchChromium();
    // What `services` writes may be a label set of 10^5 images.
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await opened?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    expected.length = complaints.length = 0;
    page = await browser?.newPage({ viewport: { width: 1280, height: 800 } });
    page?.setDefaultTimeout(20_000);
    page?.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page?.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await page?.close();
    expect(complaints.filter((text) => !expected.some((known) => known.test(text)))).toEqual([]);
  });
  const known = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('used outside of a test');
    return value;
  };
  return {
    expected,
    get console() {
      return known(opened);
    },
    get page() {
      return known(page);
    },
    async go(path) {
      await known(page).goto(url + path);
    },
  };
}
