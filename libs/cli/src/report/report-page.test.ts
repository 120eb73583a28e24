import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Pipeline, Training } from '@cassl/proto';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureArm } from './measure-arm.ts';
import { renderContent } from './render-report.ts';
import type { ReportContent } from './report-content.ts';
import { seriousFindings } from './serious-findings.fixture.ts';

const HOSTILE = '<img src=x onerror="window.hacked=1">';
const CHROMIUM = [process.env['CASSL_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

describe.skipIf(CHROMIUM === undefined)('the report in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-report-'));
    await writeFile(join(folder, 'report.html'), renderContent(content()));
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([1280, 390])('opens without a server, runs nothing and fits %i pixels', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 844 } });
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(request.url()));
    const address = pathToFileURL(join(folder, 'report.html')).href;
    await page.goto(address);
    expect(fetched).toEqual([address]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('script').count()).toBe(0);
    await page.close();
  });

  it.each([
    ['light', 1280],
    ['light', 390],
    ['dark', 1280],
    ['dark', 390],
  ] as const)('has nothing that axe finds serious in the %s at %i pixels', async (colorScheme, width) => {
    // Its policy lets no script run, axe neither.
    const context = await browser.newContext({
      ...{ colorScheme, bypassCSP: true },
      viewport: { width, height: 844 },
    });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    expect(await seriousFindings(page)).toEqual([]);
    await context.close();
  });

  it('shows classes, sizes, precision over recall, confusions, curves, digests and commands', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    for (const title of ['Box AP by class', 'Box AP by size', 'Precision over recall', 'Learning rate']) {
      expect(await page.getByRole('img', { name: title }).count()).toBeGreaterThan(0);
    }
    const confusion = page.getByRole('row', { name: `${HOSTILE} 1 0` });
    expect(await confusion.count()).toBe(1);
    await page.getByText('cassl run pipeline.yaml --out out').waitFor();
    await page.getByRole('row', { name: `warmup ${'d'.repeat(64)}` }).waitFor();
    await page.getByText('cassl pull dddddddddddddddd --out warmup.safetensors').waitFor();
    await page.close();
  });
});

/** One arm that finds the one object of its one image. */
function content(): ReportContent {
  const box = [0, 0, 40, 40] as const;
  const image = {
    ...{ id: 1, key: 'a.jpg', location: { store: '', key: '' }, width: 64, height: 64 },
    instances: [{ box, category: 0, crowd: false, area: 1600 }],
  };
  const dataset = {
    images: [image],
    categories: [{ index: 0, name: HOSTILE, sourceIds: [1] }],
    report: undefined as never,
    digest: '',
  };
  const measures = measureArm(dataset, new Map([[1, [{ box, score: 0.9, category: 0 }]]]));
  const aggregate = { mean: 0.5, std: 0, seeds: [0.5] };
  return {
    pipeline: Pipeline.fromPartial({
      spec: { name: HOSTILE, labeler: { schedule: { iterations: 10 } } },
      stages: [{ name: 'warmup', service: 'trainer', result: 'd'.repeat(64) }],
    }),
    report: {
      ...{ id: 'p1', name: HOSTILE, engine: 'torch', timings: { labeler: 61 } },
      arms: { warmup: { boxAP: aggregate }, scratch: { boxAP: { ...aggregate, mean: 0.4 } } },
      ...{ labeler: {}, warmup: {}, pseudoLabels: { threshold: 0.5 } },
      checkpoints: { warmup: ['d'.repeat(64)] },
      unused: { labeler: [HOSTILE] },
    },
    trainings: [
      {
        stage: 'labeler',
        training: Training.fromPartial({
          curve: [1, 2, 3].map((iteration) => ({
            iteration,
            learningRate: 0.1,
            losses: { total: 1 / iteration },
          })),
        }),
      },
    ],
    categories: [HOSTILE],
    arms: [{ name: 'warmup', measures, pictures: { best: [], typical: [], worst: [] } }],
    unlabeled: [],
    labelSet: '',
    command: 'cassl run pipeline.yaml --out out',
  };
}
