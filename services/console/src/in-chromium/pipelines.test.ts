import { CasslError } from '@cassl/errors';
import { Pipeline, PipelineServiceDefinition } from '@cassl/proto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

type Given = Parameters<typeof Pipeline.fromPartial>[0];

describe.skipIf(CHROMIUM === undefined)('pipelines in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  let pipeline = Pipeline.fromPartial({});
  const pages = openPages({
    services: () => [
      scripted(PipelineServiceDefinition, {
        list: () => Promise.resolve({ pipelines: [pipeline] }),
        async *watch() {
          yield await Promise.resolve({ pipeline });
        },
        resume({ id }) {
          throw new CasslError('FAILED_PRECONDITION', `${id} runs already`);
        },
      }),
    ],
  });
  const open = async (given: Given): Promise<void> => {
    pipeline = Pipeline.fromPartial({ ...given, status: { id: 'p1', ...given.status } });
    await pages.go('/pipelines/p1');
    await pages.page.getByRole('heading', { level: 1, name: 'p1' }).waitFor();
  };
  const stage = (title: string) => pages.page.getByRole('button', { name: title });
  const panel = (title: string) => pages.page.getByRole('region', { name: title });

  it('show their whole plan before anything has begun', async () => {
    await open({ status: { state: 'JOB_STATE_QUEUED' }, spec: { seeds: [1, 2], threshold: 0.5 } });
    await expect.poll(() => pages.page.locator('.graph li').count()).toBe(13);
    await stage('Warm up planned').click();
    await panel('Warm up').getByText('Not started: it needs Label the pool.').waitFor();
    await stage('Finetune scratch · seed 2').click();
    await panel('Finetune scratch · seed 2').getByText('Not started: it needs its turn.').waitFor();
    expect(await pages.page.locator('main').textContent()).not.toMatch(/NaN|undefined/);
    expect(await seriousFindings(pages.page)).toEqual([]);
  });

  it('show first the stage that failed, why, and what its service wrote last', async () => {
    await mkdir(join(pages.console.home, 'logs'), { recursive: true });
    const line = { level: 'error', time: '2026-01-01T10:20:30.000Z', job: 'p1-warmup', msg: 'out of memory' };
    await writeFile(join(pages.console.home, 'logs/trainer.log'), `${JSON.stringify(line)}\n`);
    const error = { code: 'RESOURCE_EXHAUSTED', message: 'a batch of 64 does not fit' };
    await open({
      status: { state: 'JOB_STATE_FAILED', error },
      spec: { threshold: 0.5 },
      stages: [
        {
          name: 'labeler',
          jobId: 'p1-labeler',
          service: 'trainer',
          status: { state: 'JOB_STATE_SUCCEEDED' },
          result: 'a'.repeat(64),
        },
        {
          name: 'warmup',
          jobId: 'p1-warmup',
          service: 'trainer',
          status: { state: 'JOB_STATE_FAILED', error, attempt: 3 },
        },
      ],
    });
    await panel('Warm up').getByText('a batch of 64 does not fit').waitFor();
    await panel('Warm up').getByText('10:20:30 error out of memory').waitFor();
    await stage('Train pseudo labeler').click();
    await panel('Train pseudo labeler').getByRole('link', { name: 'checkpoint aaaaaaaaaaaa' }).click();
    pages.expected.push(/status of 501/);
    const path = (): string => new URL(pages.page.url()).pathname;
    await expect.poll(path).toBe(`/registry/${'a'.repeat(64)}`);
  });

  it('are resumed, or told why not', async () => {
    pages.expected.push(/status of 400/);
    await open({ status: { state: 'JOB_STATE_CANCELLED' } });
    await pages.page.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await pages.page.getByRole('button', { name: 'Cancel pipeline' }).count()).toBe(0);
    await pages.page.getByRole('button', { name: 'Resume' }).click();
    await pages.page.getByText('p1 runs already').waitFor();
  });

  it('that have ended cannot be resumed or cancelled, and show what they came to', async () => {
    const metrics = { boxAP: { mean: 0.0964, std: 0.009, seeds: [1, 2] } };
    await open({
      status: { state: 'JOB_STATE_SUCCEEDED', createdAt: new Date(0), finishedAt: new Date(3_725_000) },
      report: { arms: [{ name: 'warmup', metrics, checkpointDigests: ['b'.repeat(64)] }], engine: 'torch' },
    });
    await pages.page.getByText('took 1 h 2 min').waitFor();
    await pages.page.getByRole('row', { name: /finetuned from the warmup 9\.6 ± 0\.9/ }).waitFor();
    for (const name of ['Resume', 'Cancel pipeline'])
      expect(await pages.page.getByRole('button', { name }).count()).toBe(0);
  });

  it('of another version have stages that no plan of ours knows', async () => {
    await open({
      status: { state: 'JOB_STATE_RUNNING' },
      spec: { arms: ['scratch'] },
      stages: [
        { name: 'distill/9', jobId: 'p1-d', service: 'distiller', status: { state: 'JOB_STATE_RUNNING' } },
      ],
    });
    // Its log is none that the console reads.
    pages.expected.push(/status of 400/);
    await stage('distill/9 running').waitFor();
    await panel('distill/9').waitFor();
  });

  it('are one page away from each other, by links and by the buttons of the browser', async () => {
    await open({ status: { state: 'JOB_STATE_RUNNING' } });
    await pages.page.getByRole('link', { name: 'Pipelines' }).click();
    await pages.page.getByRole('link', { name: 'p1' }).click();
    const title = (text: string): Promise<void> => expect.poll(() => pages.page.title()).toBe(text);
    await title('p1 · Pipelines · cassl');
    await pages.page.goBack();
    await title('Pipelines · cassl');
    await pages.page.goForward();
    await pages.page.getByRole('heading', { level: 1, name: 'p1' }).waitFor();
    await pages.page.keyboard.press('Tab');
    await pages.page.keyboard.press('Tab');
    expect(await pages.page.evaluate('document.activeElement !== document.body')).toBe(true);
  });

  it.each(['/nothing', '/constructor', '/__proto__', '/%E0%A4%A', '//evil.example', '/pipelines/%2e%2e/x'])(
    'are not mixed up with a page that does not exist: %s',
    async (path) => {
      pipeline = Pipeline.fromPartial({ status: { id: 'p1' } });
      await pages.go(path);
      await pages.page
        .getByText(/There is no such page|^p1|Pipelines/)
        .first()
        .waitFor();
      expect(await pages.page.getByRole('navigation').count()).toBe(1);
    },
  );

  it('that cannot be drawn leave the rest of the console standing', async () => {
    await open({ status: { state: 'JOB_STATE_RUNNING' } });
    // As from a console of another version than the page that is open.
    await pages.page.route('**/api/pipelines/p1/events', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: 'data: {"pipeline":{"stages":7}}\n\nevent: end\ndata: \n\n',
      }),
    );
    await pages.page.reload();
    await pages.page.getByText('this page could not be drawn').waitFor();
    await pages.page.getByRole('link', { name: 'Pipelines' }).click();
    await pages.page.getByRole('link', { name: 'p1' }).waitFor();
  });
});
