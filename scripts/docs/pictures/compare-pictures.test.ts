import { decodeImage, type RgbImage } from '@cassl/vision';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALLOWED, pictureDistance } from './compare-pictures.ts';
import { CHROMIUM } from './chromium.ts';

describe('the distance of two pictures', () => {
  const grey = (width: number, height: number, value: number): RgbImage => ({
    width,
    height,
    data: new Uint8Array(width * height * 3).fill(value),
  });
  it('is 0 of a picture from itself, 1 of white from black', () => {
    expect(pictureDistance(grey(40, 40, 255), grey(40, 40, 255))).toBe(0);
    expect(pictureDistance(grey(40, 40, 255), grey(40, 40, 0))).toBe(1);
  });
  it('counts what only the higher one has', () => {
    expect(pictureDistance(grey(32, 64, 255), grey(32, 128, 255))).toBe(0.5);
    expect(pictureDistance(grey(32, 64, 255), grey(32, 128, 255), 64)).toBe(0);
  });
});

describe.skipIf(CHROMIUM === undefined)('pictures of a page (needs Chromium, or CASSL_CHROMIUM)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());
  const pictureOf = async (html: string): Promise<RgbImage> => {
    const page = await browser.newPage({ viewport: { width: 800, height: 400 } });
    await page.setContent(html);
    const bytes = await page.screenshot();
    await page.close();
    return decodeImage(bytes);
  };
  const table = (numbers: readonly string[], style = ''): string =>
    `<style>body { font: 15px sans-serif; ${style} } td { padding: 8px; border-bottom: 1px solid #ccc }</style><h1>Result</h1>
<table>${numbers.map((number) => `<tr><td>finetuned from the warmup</td><td>${number}</td><td>${number}</td></tr>`).join('')}</table>`;

  it('with other numbers are near; without a row, in the dark or without a heading they are far', async () => {
    const numbers = ['9.6', '4.6', '7.8', '10.2', '3.3', '8.1', '0.4', '17.1'];
    const kept = await pictureOf(table(numbers));
    const distance = async (html: string): Promise<number> => pictureDistance(kept, await pictureOf(html));
    expect(await distance(table(['8.9', '4.1', '7.7', '10.1', '3.2', '8.0', '0.5', '16.4']))).toBeLessThan(
      ALLOWED / 4,
    );
    expect(await distance(table(numbers, 'background: #16181d; color: #ddd'))).toBeGreaterThan(ALLOWED);
    expect(await distance(table(numbers).replace('<h1>Result</h1>', ''))).toBeGreaterThan(ALLOWED);
    expect(await distance('')).toBeGreaterThan(ALLOWED);
  });
});
