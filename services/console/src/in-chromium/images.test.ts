import { EvaluatorServiceDefinition, Labeling, LabelerServiceDefinition } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, overflowPx, seriousFindings } from '../browser.fixture.ts';
import { writeTestSet } from '../label-set.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe.skipIf(CHROMIUM === undefined)('images in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  let set = '';
  const pages = openPages({
    async services(folder) {
      set = await writeTestSet(folder, 300, 50);
      const labeling = Labeling.fromPartial({ status: { id: 'pool-1' }, labelSetUri: set });
      return [
        scripted(LabelerServiceDefinition, {
          listLabelings: () => Promise.resolve({ labelings: [labeling], nextPageToken: '' }),
        }),
        scripted(EvaluatorServiceDefinition, {
          listEvaluations: () => Promise.resolve({ jobs: [], nextPageToken: '' }),
        }),
      ];
    },
  });
  const openSet = (query = ''): Promise<void> => pages.go(`/images?set=${encodeURIComponent(set)}${query}`);
  const names = (): Promise<string[]> => pages.page.locator('.tile-name').allTextContents();
  const status = (text: string | RegExp): Promise<void> =>
    pages.page.getByRole('status').filter({ hasText: text }).waitFor();

  it('are chosen from the labelings that there are', async () => {
    await pages.go('/images');
    await pages.page.getByLabel('Label set of').selectOption({ label: 'pool-1' });
    await status('300 of 300 images · δ = 0.20 · 449 labels · 1 failed');
    const query = (): (string | null)[] => {
      const { searchParams } = new URL(pages.page.url());
      return [searchParams.get('set'), searchParams.get('job')];
    };
    await expect.poll(query).toEqual([set, 'pool-1']);
  });

  it('are opened by an address, and missed by its name', async () => {
    await pages.go('/images');
    await pages.page.getByLabel('or at').fill(`  ${set} `);
    await pages.page.getByRole('button', { name: 'Open' }).click();
    await status('300 of 300 images');
    pages.expected.push(/status of 4\d\d/);
    await pages.page.getByLabel('or at').fill(set.replace('labels', 'elsewhere'));
    await pages.page.getByRole('button', { name: 'Open' }).click();
    await pages.page.getByRole('alert').first().waitFor();
    expect(await pages.page.getByRole('alert').first().textContent()).toMatch(/NOT_FOUND|PERMISSION_DENIED/);
  });

  it('are filtered as the address says, which changes with every choice', async () => {
    await openSet();
    await status('300 of 300 images');
    await pages.page.getByLabel('Show').selectOption('failed');
    await status('1 of 300 images');
    await expect.poll(names).toEqual(['000005.jpg']);
    await pages.page.getByText('is cut off').waitFor();
    await pages.page.getByLabel('Show').selectOption('labeled');
    await status('224 of 300 images');
    await pages.page.getByLabel('Best score from').fill('0.95');
    await pages.page.getByLabel('Best score from').blur();
    await status('0 of 300 images');
    await pages.page.getByText('No image is like that.').waitFor();
    await pages.page.reload();
    await status('0 of 300 images');
    expect(await pages.page.getByLabel('Show').inputValue()).toBe('labeled');
    // Back to all: what is usual is not in the address.
    await pages.page.getByLabel('Best score from').fill('0');
    await pages.page.getByLabel('Best score from').blur();
    await pages.page.getByLabel('Show').selectOption('all');
    await status('300 of 300 images');
    const keys = (): string[] => [...new URL(pages.page.url()).searchParams.keys()];
    await expect.poll(keys).toEqual(['set']);
  });

  it('are ordered, least sure first without those that have no label', async () => {
    await openSet('&order=worst-score');
    await status('300 of 300 images · δ');
    await expect
      .poll(async () => (await names()).slice(0, 4))
      .toEqual(['000001.jpg', '000002.jpg', '000003.jpg', '000006.jpg']);
  });

  it('say what a filter may not be, and ask no more than once in a while', async () => {
    let asked = 0;
    pages.page.on('request', (request) => (asked += Number(request.url().includes('/images?'))));
    pages.expected.push(/status of 400/);
    await openSet();
    await status('300 of 300 images');
    await pages.page.getByLabel('to', { exact: true }).first().fill('5');
    await pages.page.getByLabel('to', { exact: true }).first().blur();
    await pages.page.getByText('maxScore must be a number from 0 to 1, got "5"').waitFor();
    asked = 0;
    await pages.page.waitForTimeout(2000);
    expect(asked).toBeLessThan(4);
    await pages.page.getByLabel('to', { exact: true }).first().fill('1');
    await pages.page.getByLabel('to', { exact: true }).first().blur();
    await status('300 of 300 images');
    await expect.poll(() => pages.page.getByRole('alert').count()).toBe(0);
  });

  it('come again after the console was away, which is asked no more than once in a while', async () => {
    await openSet();
    await status('300 of 300 images');
    pages.expected.push(/ERR_CONNECTION_REFUSED|Failed to load resource/);
    let asked = 0;
    await pages.page.route('**/label-sets/images?*', (route) => {
      asked++;
      return route.abort('connectionrefused');
    });
    await pages.page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await pages.page.getByText('the console does not answer').first().waitFor();
    asked = 0;
    await pages.page.waitForTimeout(2000);
    expect(asked).toBeLessThan(15);
    await pages.page.unroute('**/label-sets/images?*');
    await pages.page.locator('.tile-name', { hasText: '000299.jpg' }).waitFor();
    await pages.page.getByText('the console does not answer').waitFor({ state: 'detached' });
  });

  it('are walked through by the arrow keys, and opened by Enter', async () => {
    await openSet();
    const tile = (index: number) => pages.page.locator(`[data-index="${index}"]`);
    await tile(0).focus();
    const focused = (): Promise<unknown> => pages.page.evaluate('document.activeElement.dataset.index');
    await pages.page.keyboard.press('ArrowRight');
    await expect.poll(focused).toBe('1');
    await pages.page.keyboard.press('ArrowDown');
    await expect.poll(async () => Number(await focused())).toBeGreaterThan(2);
    await pages.page.keyboard.press('ArrowUp');
    await pages.page.keyboard.press('ArrowLeft');
    await pages.page.keyboard.press('ArrowLeft');
    await expect.poll(focused).toBe('0');
    await pages.page.keyboard.press('Enter');
    await pages.page.getByText('1 of 300', { exact: true }).waitFor();
  });

  it('are looked at one by one: keys work wherever the focus is', async () => {
    await openSet();
    await pages.page.getByRole('button', { name: '000003.jpg, 3 labels' }).click();
    const before = pages.page.getByRole('button', { name: 'Image before' });
    await pages.page.getByText('4 of 300', { exact: true }).waitFor();
    await pages.page.getByRole('checkbox', { name: 'masks' }).click();
    await pages.page.keyboard.press('ArrowLeft');
    await pages.page.getByText('3 of 300', { exact: true }).waitFor();
    await pages.page.keyboard.press('m');
    await pages.page.getByRole('checkbox', { name: 'masks', checked: true }).waitFor();
    await before.click();
    await before.click();
    await pages.page.getByText('1 of 300', { exact: true }).waitFor();
    await expect.poll(() => before.isDisabled()).toBe(true);
    await pages.page.keyboard.press('ArrowLeft');
    await pages.page.getByText('1 of 300', { exact: true }).waitFor();
    await pages.page.getByRole('button', { name: 'Close' }).click();
    await pages.page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('are zoomed and moved no further than their frame', async () => {
    await openSet();
    await pages.page.getByRole('button', { name: '000003.jpg, 3 labels' }).click();
    const picture = pages.page.locator('.pane .picture');
    const style = async (): Promise<string> => (await picture.getAttribute('style')) ?? '';
    await expect.poll(style).toContain('translate(0%, 0%) scale(1)');
    // Whole it cannot be moved, and not be made smaller.
    for (const key of ['-', 'a', 'ArrowUp']) await pages.page.keyboard.press(key);
    await expect.poll(style).toContain('translate(0%, 0%) scale(1)');
    await pages.page.keyboard.press('+');
    for (let press = 0; press < 5; press++) await pages.page.keyboard.press('a');
    await expect.poll(style).toContain('translate(12.5%, 0%) scale(1.25)');
    for (let press = 0; press < 20; press++) await pages.page.keyboard.press('=');
    await expect.poll(style).toContain('scale(16)');
    const frame = (await pages.page.locator('.pane-frame').boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    await pages.page.mouse.move(frame.x + 50, frame.y + 50);
    await pages.page.mouse.wheel(0, 100);
    await expect.poll(style).toContain('scale(12.8)');
    const before = await style();
    await pages.page.mouse.down();
    await pages.page.mouse.move(frame.x + 20, frame.y + 20);
    await pages.page.mouse.up();
    await expect.poll(style).not.toBe(before);
    const after = await style();
    await pages.page.mouse.move(frame.x + 90, frame.y + 90);
    expect(await style()).toBe(after);
    await pages.page.keyboard.press('0');
    await expect.poll(style).toContain('translate(0%, 0%) scale(1)');
  });

  it('are empty without a set, with nothing for axe to find', async () => {
    await pages.go('/images?set=');
    await pages.page.getByLabel('Label set of').waitFor();
    expect(await seriousFindings(pages.page)).toEqual([]);
    expect(await overflowPx(pages.page)).toBeLessThanOrEqual(0);
  });
});

describe.skipIf(CHROMIUM === undefined)('a list that no browser could hold at once (needs Chromium)', () => {
  const IMAGES = 100_000;
  let set = '';
  const pages = openPages({
    async services(folder) {
      set = await writeTestSet(folder, IMAGES, 1000);
      return [
        scripted(LabelerServiceDefinition, {
          listLabelings: () => Promise.resolve({ labelings: [], nextPageToken: '' }),
        }),
        scripted(EvaluatorServiceDefinition, {
          listEvaluations: () => Promise.resolve({ jobs: [], nextPageToken: '' }),
        }),
      ];
    },
  });

  it('comes in parts, and is not lost when a filter or a wider window leaves fewer', async () => {
    const { page } = pages;
    await page.setViewportSize({ width: 330, height: 800 });
    await pages.go(`/images?set=${encodeURIComponent(set)}`);
    await page.locator('label.part select').selectOption({ label: 'from 90,910' });
    await page.locator('.tile-name', { hasText: '090909.jpg' }).waitFor();
    await page.getByLabel('Show').selectOption('failed');
    await page.locator('.tile-name', { hasText: '000005.jpg' }).waitFor();
    await page.getByLabel('Show').selectOption('all');
    await page.locator('.tile-name', { hasText: '090909.jpg' }).waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.locator('.tile-name').first().waitFor();
    expect(await page.locator('.tile').count()).toBeLessThan(150);
  });
});
