import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { terminalPage } from './terminal-page.ts';

/** Where a command of a page has just ended. */
export interface Step {
  readonly page: string;
  readonly command: string;
  readonly output: string;
  readonly folder: string;
  readonly consoleUrl: string;
}

/** One picture of docs/images: what is looked at when a command of a page has ended. */
export interface Picture {
  readonly name: string;
  readonly page: string;
  readonly after: RegExp;
  /** Of the window in pixels. @default 1000 */
  readonly width?: number;
  /** Of the window in pixels; without it the whole page, as high as it is. */
  readonly height?: number;
  /** Pixels from the top that are compared, where what follows depends on how fast the machine is. */
  readonly compared?: number;
  /** The share of it that may look otherwise. @default ALLOWED */
  readonly allowed?: number;
  readonly show: (page: Page, step: Step) => Promise<void>;
}

const TUTORIAL = { page: 'docs/tutorial.md' };
const CHECKED = { ...TUTORIAL, after: /^cassl data check .*--pictures/ };
const RAN = { ...TUTORIAL, after: /^cassl run pipeline.yaml --out out\/photos$/ };
const DETECTED = { ...TUTORIAL, after: /^cassl detect / };
/** The pipeline over scenes, whose truth is known: the console shows true and false labels. */
const SCENES = { page: 'README.md', after: /^cassl run pipelines\/demo.yaml/ };

/** In the order in which a new user sees them. */
export const PICTURES: readonly Picture[] = [
  { ...CHECKED, name: 'tutorial-labels', height: 760, show: file('labels.html') },
  { ...TUTORIAL, name: 'tutorial-init', after: /^cassl init photos/, compared: 320, show: terminal },
  { ...TUTORIAL, name: 'tutorial-check', after: /^cassl run .*--check$/, show: terminal },
  { ...RAN, name: 'tutorial-run', show: terminal },
  { ...RAN, name: 'tutorial-curves', height: 920, show: curves },
  { ...RAN, name: 'tutorial-report', height: 1280, show: file('out/photos/report.html') },
  // A detector of few steps finds other boxes after every change to training: measured 0.36. Another photo, or none, differs in nearly all.
  { ...DETECTED, name: 'tutorial-detections', allowed: 0.6, show: boxes },
  { ...SCENES, name: 'console-pipeline', width: 1300, show: pipeline },
  { ...SCENES, name: 'console-labeling', height: 1105, show: labeling },
  { ...SCENES, name: 'console-images', height: 700, show: images },
  { ...SCENES, name: 'console-image', height: 700, show: oneImage },
  { ...SCENES, name: 'console-curves', height: 920, show: curves },
  { ...SCENES, name: 'console-registry', height: 760, show: registry },
  { ...SCENES, name: 'report', height: 1280, show: file('out/mine/report.html') },
];

/** Whose commands make what the pictures show. */
export const PICTURED_PAGES = [...new Set(PICTURES.map(({ page }) => page))];

function file(name: string): Picture['show'] {
  return async (page, { folder }) => void (await page.goto(pathToFileURL(join(folder, name)).href));
}

/** Lines of progress say how fast this machine was; what stays of a run is what it ended with. */
async function terminal(page: Page, { command, output }: Step): Promise<void> {
  const lines = output
    .split('\n')
    .filter((line) => !/^\d\d:\d\d:\d\d /.test(line) || /: done in /.test(line));
  await page.setContent(terminalPage(command, lines.join('\n')));
}

async function boxes(page: Page, { folder }: Step): Promise<void> {
  await page.setViewportSize({ width: 512, height: 60 });
  const shown = join(folder, 'boxes.html');
  writeFileSync(
    shown,
    '<body style="margin:0"><img src="boxes.png" alt="" style="display:block;width:512px">',
  );
  await page.goto(pathToFileURL(shown).href);
}

async function pipeline(page: Page, { output, consoleUrl }: Step): Promise<void> {
  const [, path = '/pipelines'] = /(\/pipelines\/\S+)/.exec(output) ?? [];
  await page.goto(consoleUrl + path);
  await page.getByRole('table').first().waitFor();
}

async function curves(page: Page, { consoleUrl }: Step): Promise<void> {
  await page.goto(`${consoleUrl}/trainings`);
  // Newest first: the two that are compared.
  for (const arm of ['finetune-scratch', 'finetune-warmup']) await page.getByLabel(arm).first().check();
  await page.getByRole('img', { name: 'loss/total' }).waitFor();
}

async function labeling(page: Page, { consoleUrl }: Step): Promise<void> {
  await page.goto(`${consoleUrl}/labelings`);
  await page.locator('main h2 a').first().click();
  await page.locator('a[href^="/images?"]').first().waitFor();
}

async function images(page: Page, step: Step): Promise<void> {
  await labeling(page, step);
  await page.locator('a[href^="/images?"]').first().click();
  await page.locator('[data-index="0"]').waitFor();
}

async function oneImage(page: Page, step: Step): Promise<void> {
  await images(page, step);
  await page.locator('[data-index="0"]').click();
  await page.getByRole('dialog').waitFor();
}

async function registry(page: Page, { consoleUrl }: Step): Promise<void> {
  await page.goto(`${consoleUrl}/registry`);
  await page.getByRole('link', { name: 'demo/detector' }).first().waitFor();
}
