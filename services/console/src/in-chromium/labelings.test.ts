import {
  EvaluationJob,
  EvaluatorServiceDefinition,
  type LabelFile,
  Labeling,
  LabelerServiceDefinition,
} from '@cassl/proto';
import { once, EventEmitter } from 'node:events';
import { CasslError } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, seriousFindings } from '../browser.fixture.ts';
import { writeTestSet } from '../label-set.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe.skipIf(CHROMIUM === undefined)('labelings in Chromium (needs Chromium, or CASSL_CHROMIUM)', () => {
  let set = '';
  let labeling = Labeling.fromPartial({});
  let files: LabelFile[] = [];
  let refusal: CasslError | undefined;
  const asked: string[] = [];
  const news = new EventEmitter();
  const sweep = [0.2, 0.5, 0.8].map((threshold) => ({
    ...{ threshold, precision: threshold === 0.8 ? NaN : threshold, recall: 1 - threshold },
    f1: 0.5,
  }));
  const change = (changes: Parameters<typeof Labeling.fromPartial>[0]): void => {
    labeling = Labeling.fromPartial({ ...labeling, ...changes });
    news.emit('changed');
  };
  const act = (verb: string, changes: Parameters<typeof Labeling.fromPartial>[0]) => () => {
    asked.push(verb);
    if (refusal !== undefined) throw refusal;
    change(changes);
    return Promise.resolve({ labeling });
  };
  const pages = openPages({
    async services(folder) {
      set = await writeTestSet(`${folder}/my`, 40);
      return [
        scripted(LabelerServiceDefinition, {
          listLabelings: () => Promise.resolve({ labelings: [], nextPageToken: '' }),
          async *watchLabeling(_, { signal }) {
            for (;;) {
              yield { labeling };
              await once(news, 'changed', { signal });
            }
          },
          listLabelFiles: () => Promise.resolve({ files, nextPageToken: '' }),
          pauseLabeling: act('pause', { pause: { by: 'you', reason: 'asked for' } }),
          resumeLabeling: act('resume', { pause: undefined }),
          retryDeadShards: act('retry', { deadShardCount: 0, deadShards: [] }),
          cancelLabeling: act('cancel', { status: { id: 'l1', state: 'JOB_STATE_CANCELLED' } }),
        }),
        scripted(EvaluatorServiceDefinition, {
          getEvaluation({ id }) {
            if (id !== 'p1-threshold') throw new CasslError('NOT_FOUND', 'there is none');
            return Promise.resolve({ job: EvaluationJob.fromPartial({ sweep }) });
          },
        }),
      ];
    },
  });
  const open = (changes: Parameters<typeof Labeling.fromPartial>[0], id = 'l1'): Promise<void> => {
    labeling = Labeling.fromPartial({ status: { id, state: 'JOB_STATE_RUNNING' }, ...changes });
    [files, refusal, asked.length] = [[], undefined, 0];
    return pages.go(`/labelings/${id}`);
  };
  const button = (name: string) => pages.page.getByRole('button', { name });
  const shard = (index: number): LabelFile => ({
    ...{ index, uri: '', digest: '', labeledImages: 10, emptyImages: 0, failedImages: 0 },
    labelCount: 10 * (index + 1),
  });

  it('are none yet', async () => {
    await pages.go('/labelings');
    await pages.page.getByText('No labeling yet').waitFor();
    expect(await seriousFindings(pages.page)).toEqual([]);
  });

  it('that have only just begun say so, with nothing that makes no sense', async () => {
    await open({});
    await pages.page.getByText('0 of 0').waitFor();
    expect(await pages.page.locator('main').textContent()).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  it('are paused and resumed, which is seen at once', async () => {
    await open({});
    await button('Pause').click();
    await pages.page.getByText('Paused by you').waitFor();
    await pages.page.getByRole('heading', { name: 'l1 paused' }).waitFor();
    await button('Pause').waitFor({ state: 'detached' });
    await button('Resume').click();
    await pages.page.getByRole('heading', { name: 'l1 running' }).waitFor();
    expect(asked).toEqual(['pause', 'resume']);
  });

  it('are cancelled only after a question, which one may take back', async () => {
    await open({});
    await button('Cancel labeling').click();
    await pages.page.getByText('Stop it? What is labeled is kept.').waitFor();
    await button('Keep it').click();
    expect(asked).toEqual([]);
    await button('Cancel labeling').click();
    await button('Cancel labeling').click();
    await pages.page.getByRole('heading', { name: 'l1 cancelled' }).waitFor();
    await button('Cancel labeling').waitFor({ state: 'detached' });
    await button('Resume').waitFor();
  });

  it('say why the labeler refuses', async () => {
    pages.expected.push(/status of 400/);
    await open({});
    refusal = new CasslError('FAILED_PRECONDITION', 'l1 has ended');
    await button('Pause').click();
    await pages.page
      .getByRole('alert')
      .filter({ hasText: 'FAILED_PRECONDITION' })
      .filter({ hasText: 'l1 has ended' })
      .waitFor();
    await button('Pause').waitFor();
  });

  it('try shards again that were given up', async () => {
    await open({ deadShardCount: 2, deadShards: ['shard 3: disk full'] });
    await pages.page.getByText('shard 3: disk full').waitFor();
    await button('Try given-up shards again').click();
    await button('Try given-up shards again').waitFor({ state: 'detached' });
    expect(asked).toEqual(['retry']);
  });

  it('draw the teacher over the pool as it grows, and whole at the end, however few shards there are', async () => {
    await open({ shardCount: 3 });
    await pages.page.getByText('0 of 3').waitFor();
    files = [shard(0), shard(1)];
    change({ shardsDone: 2 });
    const line = pages.page
      .locator('figure', { hasText: 'Labels an image, over the pool' })
      .locator('polyline');
    await line.waitFor({ state: 'attached' });
    const points = async (): Promise<number> => (await line.getAttribute('points'))?.split(' ').length ?? 0;
    await expect.poll(points).toBe(2);
    files = [shard(0), shard(1), shard(2)];
    change({ shardsDone: 3, status: { id: 'l1', state: 'JOB_STATE_SUCCEEDED' } });
    await expect.poll(points).toBe(3);
  });

  it('say what another threshold would keep, and how to make that set', async () => {
    await open({ labelSetUri: set }, 'p1-labeling');
    // Labels and the sweep of the evaluation come by requests of their own, in any order.
    const fact = (name: string) => {
      const value = pages.page.locator('dl.facts div', { hasText: name }).locator('dd');
      return expect.poll(() => value.textContent());
    };
    await pages.page.getByText('δ = 0.20').waitFor();
    // Images 0 to 39 have n % 4 labels of 0.9, 0.6 and 0.3, all but the fifth.
    await fact('labels that stay').toBe('59 of 59');
    const slider = pages.page.getByRole('slider');
    await slider.focus();
    await pages.page.keyboard.press('End');
    await pages.page.getByText('δ = 0.99').waitFor();
    await fact('labels that stay').toBe('0 of 59');
    // Where nothing stays, there is no precision.
    await fact('precision on labeled data').toBe('–');
    await pages.page.keyboard.press('Home');
    await pages.page.getByText('δ = 0.00').waitFor();
    for (let press = 0; press < 5; press++) await pages.page.keyboard.press('PageUp');
    await pages.page.getByText('δ = 0.50').waitFor();
    await fact('labels that stay').toBe('49 of 59');
    await fact('precision on labeled data').toBe('50.0 %');
    expect(await slider.getAttribute('aria-valuetext')).toBe('0.50: 49 labels stay');
    const command = await pages.page.locator('.copy pre').first().textContent();
    expect(command).toBe(`cassl labels threshold ${set} 0.50`);
    expect(await seriousFindings(pages.page)).toEqual([]);
  });

  it('say that their label set is gone, and show all else', async () => {
    pages.expected.push(/status of 4\d\d/);
    await open({ labelSetUri: set.replace('my', 'no') });
    await pages.page
      .getByRole('alert')
      .filter({ hasText: /NOT_FOUND|PERMISSION_DENIED/ })
      .first()
      .waitFor();
    await button('Pause').waitFor();
  });
});
