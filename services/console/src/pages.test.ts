import { Pipeline, Training } from '@cassl/proto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, firstPaintMs, launchChromium, overflowPx, seriousFindings } from './browser.fixture.ts';
import { openConsole, type OpenConsole } from './open-console.fixture.ts';
import { scriptedTrainer } from './scripted-platform.fixture.ts';

const HOSTILE = '<img src=x onerror="window.hacked=1">';

describe.skipIf(CHROMIUM === undefined)('the pages in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  const trainer = scriptedTrainer();
  let console: OpenConsole;
  let browser: Browser;
  let page: Page;
  let complaints: string[] = [];
  beforeAll(async () => {
    trainer.pipelines.set('p1', pipeline('p1'));
    trainer.trainings.set('t1', training('t1', 50));
    trainer.trainings.set('t2', training('t2', 40));
    console = await openConsole(trainer.services);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await console.close();
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('paint within a second', async () => {
    await page.goto(`${console.url}/pipelines/p1`);
    await page.getByText('Train pseudo labeler').first().waitFor();
    expect(await firstPaintMs(page)).toBeLessThan(1000);
  });

  it('follow a pipeline as it goes on', async () => {
    await page.goto(`${console.url}/pipelines/p1`);
    await page.getByText('120 of 900 iterations · 8 iterations/s · 1 min 38 s left').first().waitFor();
    const next = pipeline('p1');
    next.stages[0]!.status!.progress!.done = 121;
    trainer.pipelines.set('p1', next);
    trainer.changed();
    await page.getByText('121 of 900 iterations').first().waitFor();
  });

  it('cancel only after a question', async () => {
    await page.goto(`${console.url}/pipelines/p1`);
    await page.getByRole('button', { name: 'Cancel pipeline' }).click();
    expect(trainer.cancelled).toEqual([]);
    await page.getByText('Stop it and the stage that runs?').waitFor();
    const answer = page.waitForResponse(/cancel$/);
    await page.getByRole('button', { name: 'Cancel pipeline' }).click();
    expect((await answer).status()).toBe(200);
    expect(trainer.cancelled).toEqual(['p1']);
  });

  it('show what data says as text, whatever it looks like', async () => {
    await page.goto(`${console.url}/pipelines`);
    await page.getByText(HOSTILE).waitFor();
    await page.goto(`${console.url}/pipelines/p1`);
    await page.getByText(HOSTILE).first().waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('overlay the curves of several runs, with what their configurations differ in', async () => {
    await page.goto(`${console.url}/trainings?runs=t1,t2`);
    await page.getByRole('img', { name: 'loss/total: t1 0.02; t2 0.025' }).waitFor();
    await page.getByRole('rowheader', { name: 'seed' }).waitFor();
    expect(await page.getByRole('row', { name: 'seed' }).textContent()).toBe('seed5040');
  });

  it.each(['/pipelines', '/pipelines/p1', '/trainings?runs=t1,t2'])(
    'have no serious finding of axe and fit a phone: %s',
    async (path) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.goto(console.url + path);
        await page
          .getByText(/running/)
          .first()
          .waitFor();
        expect(await seriousFindings(page)).toEqual([]);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await overflowPx(page)).toBeLessThanOrEqual(0);
      expect(await seriousFindings(page)).toEqual([]);
    },
  );
});

function pipeline(id: string): Pipeline {
  return Pipeline.fromPartial({
    status: {
      id,
      state: 'JOB_STATE_RUNNING',
      createdAt: new Date(),
      progress: { done: 0, total: 11, unit: 'stages' },
    },
    spec: { name: HOSTILE, seeds: [1] },
    stages: [
      {
        name: 'labeler',
        jobId: 't1',
        service: 'trainer',
        status: {
          id: 't1',
          state: 'JOB_STATE_RUNNING',
          progress: {
            done: 120,
            total: 900,
            unit: 'iterations',
            rate: 8,
            etaSeconds: 97.5,
            message: HOSTILE,
          },
        },
      },
    ],
  });
}

function training(id: string, points: number): Training {
  return Training.fromPartial({
    status: { id, state: 'JOB_STATE_RUNNING', progress: { done: points, total: 100, unit: 'iterations' } },
    spec: { seed: points },
    curve: Array.from({ length: points }, (_, index) => ({
      iteration: index + 1,
      learningRate: 0.001,
      losses: { total: 1 / (index + 1), cls: 0.5 },
      imagesPerSecond: 30,
    })),
  });
}
