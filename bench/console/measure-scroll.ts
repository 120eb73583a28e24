import { chromium, type Page, type Request } from 'playwright-core';
import { CHROMIUM } from './measure-curves.ts';
import { summary, type Requests } from './summary.ts';

/** What a browser waits for while somebody scrolls through a label set. */
export interface ScrollResult {
  /** From the address to the first tile. */
  readonly firstTileMs: number;
  /** Pages of images. */
  readonly pages: Requests;
  /** Their small pictures, of one image on disk: the first is made, the others come from the cache. */
  readonly pictures: Requests;
}

const STEPS = 60;
const STEP_PX = 1200;
const EVERY_MS = 100;

/** Scrolls by a screen and more ten times a second, then jumps to places all over the list. */
export async function measureScroll(url: string, set: string): Promise<ScrollResult> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const times = { pages: [] as number[], pictures: [] as number[] };
    page.on('requestfinished', (request: Request) => {
      const { responseEnd, requestStart } = request.timing();
      const list = request.url().includes('/label-sets/images?') ? times.pages : times.pictures;
      if (request.url().includes('/label-sets/')) list.push(responseEnd - requestStart);
    });
    const startedAt = performance.now();
    await page.goto(`${url}/images?${new URLSearchParams({ set })}`);
    await page.locator('button.tile').first().waitFor();
    const firstTileMs = Math.round(performance.now() - startedAt);
    await scroll(page, () => `scrollBy(0, ${STEP_PX})`);
    await scroll(
      page,
      (step) => `scrollTo(0, document.body.scrollHeight * ${((step * 37) % STEPS) / STEPS})`,
    );
    return { firstTileMs, pages: summary(times.pages), pictures: summary(times.pictures) };
  } finally {
    await browser.close();
  }
}

async function scroll(page: Page, act: (step: number) => string): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    await page.evaluate(act(step));
    await page.waitForTimeout(EVERY_MS);
  }
  await page.waitForLoadState('networkidle');
}
