import { chromium, type Page } from 'playwright-core';
import { CHROMIUM } from './measure-curves.ts';
import { summary, type Requests } from './summary.ts';

/** What a browser waits for while somebody scrolls through a label set: from asking, a wait for a connection included, to the last byte. */
export interface ScrollResult {
  /** From the address to the first tile. */
  readonly firstTileMs: number;
  /** Pages of images. */
  readonly pages: Requests;
  /** Their small pictures. */
  readonly pictures: Requests;
  /** From a jump to a far place until the window is full: its page of images is there, and every small picture that is seen. */
  readonly windows: Requests;
}

const STEPS = 60;
const STEP_PX = 1200;
const EVERY_MS = 100;
const WINDOWS = 20;

/** Scrolls by a screen and more ten times a second, then jumps to places all over the list, then to some where it stands. */
export async function measureScroll(url: string, set: string): Promise<ScrollResult> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript('performance.setResourceTimingBufferSize(100_000)');
    const startedAt = performance.now();
    await page.goto(`${url}/images?${new URLSearchParams({ set })}`);
    await page.locator('button.tile').first().waitFor();
    const firstTileMs = Math.round(performance.now() - startedAt);
    await scroll(page, () => `scrollBy(0, ${STEP_PX})`);
    await scroll(page, (step) => jumpTo(((step * 37) % STEPS) / STEPS));
    const windows: number[] = [];
    for (let step = 0; step < WINDOWS; step++) windows.push(await fillWindow(page, (step + 0.5) / WINDOWS));
    return {
      firstTileMs,
      pages: summary(await waitsFor(page, '/label-sets/images?')),
      pictures: summary(await waitsFor(page, '/label-sets/picture?')),
      windows: summary(windows),
    };
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

function jumpTo(share: number): string {
  return `scrollTo(0, (document.body.scrollHeight - innerHeight) * ${share})`;
}

/** Milliseconds by the page's own clock, looked at once a frame. */
function fillWindow(page: Page, share: number): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const startedAt = performance.now();
    const isSeen = (tile) => {
      const { top, bottom } = tile.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    };
    const isFull = () => {
      const tiles = [...document.querySelectorAll('.tile')].filter(isSeen);
      return tiles.length > 0 && tiles.every((tile) => tile.querySelector('img')?.naturalWidth > 0);
    };
    const look = () => (isFull() ? resolve(performance.now() - startedAt) : requestAnimationFrame(look));
    ${jumpTo(share)};
    // What was there before the jump is drawn for a moment more.
    requestAnimationFrame(() => requestAnimationFrame(look));
  })`);
}

/** By the browser's own clock; of requests that were not given up. */
function waitsFor(page: Page, part: string): Promise<number[]> {
  return page.evaluate(`performance.getEntriesByType('resource')
    .filter(({ name, responseStatus, transferSize }) => name.includes('${part}') && responseStatus === 200 && transferSize > 0)
    .map(({ startTime, responseEnd }) => responseEnd - startTime)`);
}
