import { CasslError } from '@cassl/errors';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EvaluationJob,
  EvaluatorServiceDefinition,
  Labeling,
  LabelerServiceDefinition,
  Pipeline,
  Training,
  Alias,
  AliasChange,
  Checkpoint,
  GetLineageResponse,
  RegistryServiceDefinition,
} from '@cassl/proto';
import type { ServedService } from '@cassl/rpc';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium, overflowPx, seriousFindings } from './browser.fixture.ts';
import { writeEvaluation } from './evaluation.fixture.ts';
import { writeTestSet } from './label-set.fixture.ts';
import { openConsole, type OpenConsole } from './open-console.fixture.ts';
import { scripted, scriptedTrainer } from './scripted-platform.fixture.ts';

const DIGEST = 'c'.repeat(64);
const HOSTILE = '<img src=x onerror="window.hacked=1">';

describe.skipIf(CHROMIUM === undefined)('the pages in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  const trainer = scriptedTrainer();
  let console: OpenConsole;
  let browser: Browser;
  let page: Page;
  let complaints: string[] = [];
  let folder = '';
  let labelSet = '';
  beforeAll(async () => {
    trainer.pipelines.set('p1', pipeline('p1'));
    trainer.trainings.set('t1', training('t1', 50));
    trainer.trainings.set('t2', training('t2', 40));
    folder = await mkdtemp(join(tmpdir(), 'cassl-pages-'));
    labelSet = await writeTestSet(folder, 2000, 250);
    console = await openConsole([
      ...trainer.services,
      scriptedLabeler(labelSet),
      scriptedEvaluator(await writeEvaluation(folder, HOSTILE)),
      scriptedRegistry(),
    ]);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await console.close();
    await rm(folder, { recursive: true, force: true });
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
    await page.getByRole('img', { name: `loss/${HOSTILE}: t1 1` }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await page.getByRole('rowheader', { name: 'seed' }).waitFor();
    expect(await page.getByRole('row', { name: 'seed' }).textContent()).toBe('seed5040');
  });

  it('draw 10^5 points, and more as they come', async () => {
    const long = training('long', 100_000);
    trainer.trainings.set('long', long);
    await page.goto(`${console.url}/trainings?runs=long`);
    await page.getByRole('img', { name: /loss\/total: long/ }).waitFor();
    for (let more = 1; more <= 20; more++) {
      long.curve.push({ ...long.curve[0]!, iteration: 100_000 + more, losses: { total: more / 1000 } });
      trainer.trainings.set('long', long);
      trainer.changed();
      await page.waitForTimeout(50);
    }
    await page.getByRole('img', { name: 'loss/total: long 0.02' }).waitFor();
    // Later tests follow whatever runs, and need not draw all these points again.
    trainer.trainings.delete('long');
    trainer.changed();
  });

  it('show an experiment as it goes on: arms, differences with their intervals, verdicts', async () => {
    const folder = join(console.home, 'experiments');
    await mkdir(folder);
    const write = (record: object): Promise<void> =>
      writeFile(join(folder, 'e.json'), JSON.stringify(record));
    await write(experimentRecord(['warm, seed 2']));
    await page.goto(`${console.url}/experiments`);
    await page.getByRole('link', { name: 'warmup-helps' }).click();
    await page.getByRole('img', { name: 'detector: +1.9, from +1.0 to +2.7' }).waitFor();
    await page.getByRole('row', { name: /warm 9\.6 ± 0\.9/ }).waitFor();
    await page.getByText('warm, seed 2').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await write(experimentRecord([]));
    await page.getByText('warm, seed 2').waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => overflowPx(page)).toBeLessThanOrEqual(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  it('scroll through a label set, of which only what is seen exists', async () => {
    await page.goto(`${console.url}/images?set=${encodeURIComponent(labelSet)}`);
    await page.getByRole('button', { name: '000001.jpg, 1 labels' }).waitFor();
    expect(await page.locator('.tile').count()).toBeLessThan(100);
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await page.getByRole('button', { name: '001999.jpg, 3 labels' }).waitFor();
    expect(await page.locator('.tile').count()).toBeLessThan(100);
  });

  it('show one image large, and go on by keys', async () => {
    await page.goto(`${console.url}/images?set=${encodeURIComponent(labelSet)}`);
    await page.getByRole('button', { name: '000003.jpg, 3 labels' }).click();
    await page.getByText('4 of 2,000').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('5 of 2,000').waitFor();
    await page.keyboard.press('+');
    const style = (): Promise<string | null> => page.locator('.pane .picture').getAttribute('style');
    await expect.poll(style).toContain('scale(1.25)');
    await page.keyboard.press('ArrowRight');
    await page.getByText('is cut off').first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByText('6 of 2,000').waitFor({ state: 'detached' });
  });

  it('show what an evaluation found beside its truth, worst first', async () => {
    await page.goto(`${console.url}/images`);
    await page.getByLabel('or detections of').selectOption('e1');
    await page.getByLabel('Order').selectOption('false-positives');
    await page.locator('.tile-name').first().filter({ hasText: 'b.jpg' }).waitFor();
    await page.locator('.tile').first().click();
    await page.getByText('Ground truth').waitFor();
    await page.getByText('2 labels, 1 true objects').click();
    await page.getByRole('cell', { name: HOSTILE }).first().waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  it('show the curves of what runs where nobody has chosen any', async () => {
    await page.goto(`${console.url}/trainings`);
    await page.getByRole('img', { name: /loss\/total: t1 0.02/ }).waitFor();
    // Nobody, chosen by hand, stays nobody.
    for (const id of ['t1', 't2']) await page.getByRole('checkbox', { name: id }).uncheck();
    await page.getByText('Choose one training or more.').waitFor();
  });

  it('say which aliases would move to a checkpoint, and why not', async () => {
    await page.goto(`${console.url}/registry/${DIGEST}`);
    await page.getByRole('button', { name: 'Ask the registry' }).click();
    await page.getByText('bbox/AP is 0.2, and must be at least 0.3').waitFor();
  });

  it.each([
    '/pipelines',
    '/pipelines/p1',
    '/labelings',
    '/labelings/p1-labeling',
    '/images?set=SET',
    '/images?evaluation=e1',
    '/experiments',
    '/registry?alias=a/b',
    '/try',
    `/registry/${DIGEST}`,
    '/trainings?runs=t1,t2',
  ])('have no serious finding of axe and fit a phone: %s', async (path) => {
    await page.goto(console.url + path.replace('SET', encodeURIComponent(labelSet)));
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [1280, 'dark'],
      [390, 'dark'],
      [390, 'light'],
    ] as const) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page
        .getByText(
          /running|succeeded|2,000 images|2 of 2 images|is new|Drop a photo|No experiment|warmup-helps/,
        )
        .first()
        .waitFor();
      // Charts measure their box after the page has been laid out anew.
      await expect.poll(() => overflowPx(page)).toBeLessThanOrEqual(0);
      expect(await seriousFindings(page)).toEqual([]);
    }
  });
});

function experimentRecord(running: readonly string[]): object {
  const result = {
    experiment: 'warmup-helps',
    claim: HOSTILE,
    verdict: 'holds',
    pipeline: 'pipelines/small.yaml',
    commands: ['cassl experiment warmup-helps.yaml --out out'],
    seeds: [1, 2, 3],
    missingSeeds: [],
    difference: { detector: 0.019 },
    interval: { detector: [0.01, 0.027] },
    statements: {
      detector: { says: 'warm.boxAP > control.boxAP', verdict: 'holds', differences: [0.019, 0.01, 0.027] },
    },
    summary: {
      warm: { boxAP: { mean: 0.096, std: 0.009 }, maskAP: { mean: 0.097, std: 0.009 } },
      control: { boxAP: { mean: 0.078, std: 0.005 }, maskAP: { mean: 0.081, std: 0.006 } },
    },
    compute: { warm: { iterations: 2700, images: 43_200, seconds: 310 } },
    engine: 'torch (cpu, 2 threads)',
  };
  return { result, progress: { done: 6 - running.length, total: 6, running, failed: [] } };
}

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
      losses: { total: 1 / (index + 1), cls: 0.5, ...(id === 't1' ? { [HOSTILE]: 1 } : {}) },
      imagesPerSecond: 30,
    })),
  });
}

function scriptedLabeler(labelSetUri: string): ServedService {
  const labeling = Labeling.fromPartial({
    status: { id: 'p1-labeling', state: 'JOB_STATE_SUCCEEDED', createdAt: new Date() },
    spec: { options: { threshold: 0.2 }, pool: { uri: 'file:///pool' } },
    shardCount: 8,
    shardsDone: 8,
    labelSetUri,
    failures: [{ key: HOSTILE, error: { code: 'INVALID_ARGUMENT', message: HOSTILE } }],
    health: { emptyRate: 0.25, scoreQuantiles: [0.3, 0.6, 0.9] },
  });
  const files = Array.from({ length: 8 }, (_, index) => ({
    ...{ index, uri: '', digest: '', labeledImages: 180 + index },
    ...{ emptyImages: 60, failedImages: 0, labelCount: 360 },
  }));
  return scripted(LabelerServiceDefinition, {
    listLabelings: () => Promise.resolve({ labelings: [labeling], nextPageToken: '' }),
    async *watchLabeling() {
      yield await Promise.resolve({ labeling });
    },
    listLabelFiles: () => Promise.resolve({ files, nextPageToken: '' }),
  });
}

/** An evaluation with detections, and the threshold job of every pipeline. */
function scriptedEvaluator(evaluation: EvaluationJob): ServedService {
  const sweep = [0.2, 0.4, 0.6, 0.8].map((threshold) => ({
    ...{ threshold, precision: threshold, recall: 1 - threshold },
    f1: 2 * threshold * (1 - threshold),
  }));
  const threshold = EvaluationJob.fromPartial({ sweep, bestThreshold: 0.4 });
  return scripted(EvaluatorServiceDefinition, {
    getEvaluation: ({ id }) => Promise.resolve({ job: id === 'e1' ? evaluation : threshold }),
    listEvaluations: () => Promise.resolve({ jobs: [evaluation], nextPageToken: '' }),
  });
}

function scriptedRegistry(): ServedService {
  const checkpoint = Checkpoint.fromPartial({
    digest: DIGEST,
    aliases: ['a/b'],
    parameterCount: 1e6,
    manifest: { stage: 'STAGE_FINETUNE', categories: [{ id: 1, name: HOSTILE }], tags: { note: 'is new' } },
  });
  const evaluation = { id: 'is new', datasetDigest: DIGEST, metrics: { 'bbox/AP': 0.4 } };
  const lineage = GetLineageResponse.fromPartial({
    nodes: [
      { id: `sha256:${DIGEST}`, thing: { $case: 'checkpoint', value: checkpoint }, depth: 0 },
      {
        id: 'data:1',
        thing: { $case: 'data', value: { role: 'labeled', uri: `file:///${HOSTILE}` } },
        depth: 1,
      },
    ],
    edges: [{ from: `sha256:${DIGEST}`, to: 'data:1', relation: 'labeled' }],
  });
  const rule = { metric: 'bbox/AP', datasetDigest: DIGEST, minValue: 0.3 };
  const alias = Alias.fromPartial({ alias: 'a/b', digest: DIGEST, rule });
  const change = AliasChange.fromPartial({ alias: 'a/b', digest: DIGEST, reason: 'is new', revision: '1' });
  return scripted(RegistryServiceDefinition, {
    listCheckpoints: () => Promise.resolve({ checkpoints: [checkpoint], nextPageToken: '' }),
    getCheckpoint: () => Promise.resolve({ checkpoint, evaluations: [evaluation] }),
    getLineage: () => Promise.resolve(lineage),
    listAliases: () => Promise.resolve({ aliases: [alias], nextPageToken: '' }),
    getAlias: () => Promise.resolve({ digest: DIGEST, history: [change], rule: alias.rule }),
    setAlias() {
      throw new CasslError('FAILED_PRECONDITION', 'bbox/AP is 0.2, and must be at least 0.3');
    },
  });
}
