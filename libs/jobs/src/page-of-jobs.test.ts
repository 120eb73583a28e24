import { JobState, Training } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { queuedStatus } from './job-status.ts';
import { pageOfJobs } from './page-of-jobs.ts';

const job = (id: string, state: JobState = JobState.JOB_STATE_QUEUED, notes: string[] = []): Training =>
  Training.fromPartial({ status: { ...queuedStatus(id), state }, notes });
const ids = (items: readonly Training[]): string[] => items.map(({ status }) => status?.id ?? '');

describe('pages of jobs', () => {
  const jobs = ['e', 'd', 'c', 'b', 'a'].map((id) => job(id));

  it('go on behind the last job of the page before, also when a newer one has come', () => {
    const first = pageOfJobs(jobs, Training, { pageSize: 2, pageToken: '' });
    const second = pageOfJobs([job('f'), ...jobs], Training, { pageSize: 2, pageToken: first.nextPageToken });
    const third = pageOfJobs(jobs, Training, { pageSize: 2, pageToken: second.nextPageToken });
    expect([first, second, third].map(({ items }) => ids(items))).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
    expect(third.nextPageToken).toBe('');
  });

  it('hold the jobs of one state', () => {
    const mixed = [job('c', JobState.JOB_STATE_FAILED), job('b'), job('a', JobState.JOB_STATE_FAILED)];
    const state = JobState.JOB_STATE_FAILED;
    const { items, nextPageToken } = pageOfJobs(mixed, Training, { pageSize: 1, pageToken: '' }, { state });
    expect(ids(items)).toEqual(['c']);
    expect(
      ids(pageOfJobs(mixed, Training, { pageSize: 1, pageToken: nextPageToken }, { state }).items),
    ).toEqual(['a']);
  });

  it('end where a reply is full, and go on behind it', () => {
    const long = ['d', 'c', 'b', 'a'].map((id) => job(id, undefined, ['x'.repeat(1_200_000)]));
    const pages: string[][] = [];
    let pageToken = '';
    do {
      const page = pageOfJobs(long, Training, { pageSize: 0, pageToken });
      pages.push(ids(page.items));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(pages).toEqual([
      ['d', 'c'],
      ['b', 'a'],
    ]);
  });

  it.each([
    [{ pageSize: 501, pageToken: '' }, 'page_size must be 0 to 500, got 501'],
    [{ pageSize: 0, pageToken: 'zz' }, 'page_token must come from the answer before, got "zz"'],
  ])('refuse %o', (page, message) => {
    expect(() => pageOfJobs(jobs, Training, page)).toThrow(message);
  });
});
