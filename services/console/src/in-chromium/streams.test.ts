import { CasslError } from '@cassl/errors';
import { Pipeline, PipelineServiceDefinition, type PipelineServiceWatchResponse } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe.skipIf(CHROMIUM === undefined)(
  'a page that follows a job (needs Chromium, or CASSL_CHROMIUM)',
  () => {
    type Watch = (signal: AbortSignal) => AsyncGenerator<PipelineServiceWatchResponse>;
    let watch: Watch = () => states('JOB_STATE_RUNNING');
    let watched = 0;
    let open = 0;
    const pages = openPages({
      services: () => [
        scripted(PipelineServiceDefinition, {
          list: () => Promise.resolve({ pipelines: [] }),
          async *watch(_, { signal }) {
            watched++;
            open++;
            try {
              yield* watch(signal);
            } finally {
              open--;
            }
          },
        }),
      ],
    });
    const pipeline = (state: 'JOB_STATE_RUNNING' | 'JOB_STATE_SUCCEEDED') => ({
      pipeline: Pipeline.fromPartial({ status: { id: 'p1', state } }),
    });
    async function* states(...list: readonly Parameters<typeof pipeline>[0][]): ReturnType<Watch> {
      for (const state of list) yield await Promise.resolve(pipeline(state));
    }
    async function* held(signal: AbortSignal): ReturnType<Watch> {
      yield pipeline('JOB_STATE_RUNNING');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
    const heading = (text: string) => pages.page.getByRole('heading', { level: 1 }).filter({ hasText: text });

    it('hangs up at its end', async () => {
      watch = () => states('JOB_STATE_RUNNING', 'JOB_STATE_SUCCEEDED');
      watched = 0;
      await pages.go('/pipelines/p1');
      await heading('p1 succeeded').waitFor();
      await pages.page.waitForTimeout(4000);
      expect([watched, open]).toEqual([1, 0]);
    });

    it('says that the service is away, and goes on when it is back', async () => {
      watch = async function* () {
        yield await Promise.resolve(pipeline('JOB_STATE_RUNNING'));
        throw new CasslError('UNAVAILABLE', 'the trainer stops');
      };
      await pages.go('/pipelines/p1');
      await pages.page.getByText('the trainer stops').waitFor();
      // What is known stays to be seen.
      await heading('p1 running').waitFor();
      await pages.page.getByText('connection lost, trying again').waitFor();
      expect(await seriousFindings(pages.page)).toEqual([]);
      watch = () => states('JOB_STATE_SUCCEEDED');
      await heading('p1 succeeded').waitFor();
      await pages.page.getByText('the trainer stops').waitFor({ state: 'detached' });
    });

    it('says that there is no such job, and asks no more', async () => {
      watch = () => {
        throw new CasslError('NOT_FOUND', 'there is no pipeline "p1"');
      };
      watched = 0;
      await pages.go('/pipelines/p1');
      await pages.page.getByText('there is no pipeline "p1"').waitFor();
      await pages.page.waitForTimeout(4000);
      expect(watched).toBe(1);
    });

    it('says what stands before the console when that answers, and goes on when it lets through', async () => {
      watch = held;
      pages.expected.push(/status of 502/);
      const stream = '**/api/pipelines/p1/events';
      const body = '<html><h1>502 Bad Gateway</h1></html>';
      await pages.page.route(stream, (route) =>
        route.fulfill({ status: 502, contentType: 'text/html', body }),
      );
      await pages.go('/pipelines/p1');
      await pages.page.getByText('something before the console answered 502').waitFor();
      await pages.page.unroute(stream);
      await heading('p1 running').waitFor();
      await expect.poll(() => pages.page.getByRole('alert').count()).toBe(0);
    });

    it('gives its connection back when one goes to another page', async () => {
      watch = held;
      await pages.go('/pipelines/p1');
      await heading('p1 running').waitFor();
      expect(open).toBe(1);
      await pages.page.getByRole('link', { name: 'Pipelines' }).click();
      await pages.page.getByText('No pipeline yet.').waitFor();
      await expect.poll(() => open).toBe(0);
    });

    it('gives it back while nobody looks at the tab, and follows again', async () => {
      watch = held;
      await pages.go('/pipelines/p1');
      await heading('p1 running').waitFor();
      const hide = (hidden: boolean): Promise<unknown> =>
        pages.page
          .evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
      await hide(true);
      await expect.poll(() => open).toBe(0);
      watch = () => states('JOB_STATE_SUCCEEDED');
      await hide(false);
      await heading('p1 succeeded').waitFor();
    });
  },
);
