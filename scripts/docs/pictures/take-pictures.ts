import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '@cassl/errors';
import { decodeImage } from '@cassl/vision';
import { chromium, type Browser, type Page } from 'playwright-core';
import sharp from 'sharp';
import { CHROMIUM } from './chromium.ts';
import { ALLOWED, pictureDistance } from './compare-pictures.ts';
import { PICTURES, type Picture, type Step } from './picture-plan.ts';

const WIDTH = 1000;
/** Of the window where the whole page is taken, which then is no higher than what it holds. */
const LEAST_HEIGHT = 60;
const SETTLED_MS = 30_000;
/** A first answer of a checkpoint loads it. */
const AWAITED_MS = 180_000;
/** Else a signal would end this process as soon as the browser has closed, before what else it started. */
const OWN_SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };

export interface PictureOutcome {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'skipped' | 'written';
  readonly why: string;
  readonly tookMs: number;
}

type Verdict = Pick<PictureOutcome, 'verdict' | 'why'>;

/** Takes the pictures of docs/images as the tutorial goes on; writes them, or compares them with those that are there. */
export class Photographer {
  readonly #root: string;
  readonly #write: boolean;
  #browser: Browser | undefined;

  constructor(root: string, options: { readonly write: boolean }) {
    this.#root = root;
    this.#write = options.write;
  }

  /** The pictures of what a command has made. */
  async after(step: Step): Promise<PictureOutcome[]> {
    const outcomes: PictureOutcome[] = [];
    for (const picture of PICTURES.filter(
      ({ page, after }) => page === step.page && after.test(step.command),
    )) {
      const startedAt = performance.now();
      const verdict = await this.#outcomeOf(picture, step);
      const tookMs = performance.now() - startedAt;
      outcomes.push({ name: `docs/images/${picture.name}.png`, ...verdict, tookMs });
    }
    return outcomes;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  async #outcomeOf(picture: Picture, step: Step): Promise<Verdict> {
    if (CHROMIUM === undefined)
      return { verdict: 'skipped', why: 'no Chromium: apt-get install chromium, or CASSL_CHROMIUM' };
    try {
      const bytes = await this.#take(CHROMIUM, picture, step);
      return this.#write ? await this.#keep(picture, bytes) : await this.#compare(picture, bytes);
    } catch (error) {
      return { verdict: 'failed', why: errorMessage(error) };
    }
  }

  async #take(executablePath: string, { width = WIDTH, height, show }: Picture, step: Step): Promise<Buffer> {
    this.#browser ??= await chromium.launch({ executablePath, args: ['--no-sandbox'], ...OWN_SIGNALS });
    const page = await this.#browser.newPage({
      viewport: { width, height: height ?? LEAST_HEIGHT },
      colorScheme: 'light',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(AWAITED_MS);
    try {
      await show(page, step);
      return await settledPicture(page, height === undefined);
    } finally {
      await page.close();
    }
  }

  /** With 256 colours: a third of the bytes, and nothing that the comparison or an eye would miss. */
  async #keep({ name }: Picture, bytes: Buffer): Promise<Verdict> {
    const png = await sharp(bytes).png({ palette: true, compressionLevel: 9 }).toBuffer();
    writeFileSync(join(this.#root, 'docs/images', `${name}.png`), png);
    return { verdict: 'written', why: '' };
  }

  async #compare({ name, compared, allowed = ALLOWED }: Picture, bytes: Buffer): Promise<Verdict> {
    const kept = join(this.#root, 'docs/images', `${name}.png`);
    const distance = existsSync(kept)
      ? pictureDistance(await decodeImage(readFileSync(kept)), await decodeImage(bytes), compared)
      : 1;
    if (distance <= allowed) return { verdict: 'passed', why: `differs in ${(distance * 100).toFixed(1)} %` };
    const now = join(this.#root, 'out/test/pictures', `${name}.png`);
    mkdirSync(join(now, '..'), { recursive: true });
    writeFileSync(now, bytes);
    return {
      verdict: 'failed',
      why: `differs in ${(distance * 100).toFixed(1)} % of the page (${allowed * 100} allowed); it looks like ${now} now: \`make pictures\` takes all anew, look at them and commit`,
    };
  }
}

/** The picture of a page once two in a row are the same. */
async function settledPicture(page: Page, fullPage: boolean): Promise<Buffer> {
  const end = performance.now() + SETTLED_MS;
  let last = await page.screenshot({ fullPage, animations: 'disabled' });
  for (;;) {
    await page.waitForTimeout(500);
    const next = await page.screenshot({ fullPage, animations: 'disabled' });
    if (next.equals(last) || performance.now() > end) return next;
    last = next;
  }
}
