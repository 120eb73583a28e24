import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedPrecondition, internal, unavailable } from '@cassl/errors';
import { connectEvents, messageCodec, openEvents, openJobStore } from '@cassl/events';
import { JobState, Training } from '@cassl/proto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useNats } from './nats.fixture.ts';
import { count, countingJob, LEASE_MS, openReplica, type Replica } from './replica.fixture.ts';
import type { Lead } from './lead-job.ts';

const nats = useNats();
const replicas: Replica[] = [];
const processes: ChildProcess[] = [];

afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  await Promise.all(replicas.splice(0).map((replica) => replica.close()));
});

async function replica(...options: Parameters<typeof openReplica> extends [string, ...infer R] ? R : never) {
  const opened = await openReplica(nats.url, ...options);
  replicas.push(opened);
  return opened.jobs;
}

async function replicaProcess(name: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'replica.fixture.ts'), [nats.url, name], { silent: true });
  processes.push(child);
  await once(child.stdout!, 'data');
  return child;
}

async function until(jobs: Replica['jobs'], id: string, fits: (job: Training) => boolean): Promise<Training> {
  const signal = AbortSignal.timeout(20_000);
  for await (const job of jobs.watch(id, signal)) if (fits(job)) return job;
  return jobs.get(id);
}
const end = (jobs: Replica['jobs'], id: string): Promise<Training> => until(jobs, id, () => false);
const hasCounted =
  (steps: number) =>
  ({ notes }: Training): boolean =>
    notes.length >= steps;

describe('jobs with two replicas', () => {
  it('are led by one, and started, read, watched and cancelled from either', async () => {
    const [a, b] = [await replica('a'), await replica('b')];
    const id = 'shared';
    await a.start(id, countingJob(id, 10));
    const states: (string | undefined)[] = [];
    for await (const { status } of b.watch(id))
      if (states.at(-1) !== status?.state) states.push(status?.state);
    const ended = await b.get(id);
    expect(states.at(-1)).toBe(JobState.JOB_STATE_SUCCEEDED);
    expect(ended.checkpointDigest).toBe('counted to 10');
    expect(new Set(ended.notes).size).toBe(1);
    expect(ended.status).toMatchObject({ attempt: 1, fence: 1 });

    await a.start('endless', countingJob('endless', 100_000));
    const { status } = await until(b, 'endless', hasCounted(3));
    const other = status!.leader === 'a' ? b : a;
    expect((await other.cancel('endless')).status!.state).toBe(JobState.JOB_STATE_CANCELLED);
    await delay(200);
    const { notes } = await a.get('endless');
    await delay(200);
    expect((await b.get('endless')).notes).toEqual(notes);
  });

  it('go on where a killed leader was', async () => {
    const child = await replicaProcess('killed');
    const id = 'survives';
    const jobs = await replica('heir', undefined, 0);
    await jobs.start(id, countingJob(id, 40));
    await until(jobs, id, hasCounted(5));
    child.kill('SIGKILL');
    const heir = await replica('heir-2');
    const taken = await until(heir, id, ({ status }) => status!.leader === 'heir-2');
    expect(taken.status).toMatchObject({ attempt: 2, fence: 2 });
    const ended = await end(heir, id);
    expect(ended.notes).toHaveLength(40);
    expect(ended.notes[0]).toBe('killed/1');
    expect(ended.notes.at(-1)).toBe('heir-2/2');
  });

  it('refuse the writes of a leader that was frozen past its lease', async () => {
    const child = await replicaProcess('frozen');
    const id = 'fenced';
    const jobs = await replica('watcher', undefined, 0);
    await jobs.start(id, countingJob(id, 150));
    await until(jobs, id, hasCounted(5));
    child.kill('SIGSTOP');
    const heir = await replica('heir');
    await until(heir, id, ({ notes }) => notes.includes('heir/2'));
    child.kill('SIGCONT');
    const { notes } = await end(heir, id);
    expect(notes).toHaveLength(150);
    expect(notes.lastIndexOf('frozen/1')).toBeLessThan(notes.indexOf('heir/2'));
  });

  it('are handed back by one that stops, without waiting for its lease to end', async () => {
    const first = await openReplica(nats.url, 'first');
    await first.jobs.start('handed', countingJob('handed', 60));
    await until(first.jobs, 'handed', hasCounted(3));
    const second = await replica('second');
    await first.close();
    const ended = await end(second, 'handed');
    expect(ended.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, fence: 2 });
    expect(ended.notes).toHaveLength(60);
  });

  it('are led at most so many at a time by each, oldest first', async () => {
    let most = 0;
    let now = 0;
    const order: string[] = [];
    const run = async (lead: Lead<Training>): Promise<(job: Training) => Training> => {
      order.push(lead.id);
      most = Math.max(most, (now += 1));
      await count(lead, 'one');
      now -= 1;
      return (job) => job;
    };
    const jobs = await replica('one', run, 1);
    for (const id of ['q1', 'q2', 'q3']) await jobs.start(id, countingJob(id, 3));
    await Promise.all(['q1', 'q2', 'q3'].map((id) => end(jobs, id)));
    expect(most).toBe(1);
    expect(order).toEqual(['q1', 'q2', 'q3']);
  });
});

describe('a job whose work throws', () => {
  it('fails at once with the reason of a permanent error, and can be resumed under its id', async () => {
    let isMended = false;
    const jobs = await replica('permanent', async (lead) => {
      if (!isMended) throw failedPrecondition('no such alias');
      return Promise.resolve((job) => ({ ...job, checkpointDigest: lead.id }));
    });
    await jobs.start('mended', countingJob('mended', 1));
    expect((await end(jobs, 'mended')).status).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      error: { code: 'FAILED_PRECONDITION', message: 'no such alias' },
      attempt: 1,
    });
    isMended = true;
    await jobs.resume('mended');
    const ended = await end(jobs, 'mended');
    expect(ended).toMatchObject({
      checkpointDigest: 'mended',
      status: { state: JobState.JOB_STATE_SUCCEEDED, error: undefined, fence: 2 },
    });
    await expect(jobs.resume('mended')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('waits for a neighbour that is away, says so, and costs nothing', async () => {
    let isAway = true;
    const jobs = await replica('waits', async () => {
      if (isAway) throw unavailable('registry is away');
      return Promise.resolve((job) => job);
    });
    await jobs.start('patient', countingJob('patient', 1));
    const waiting = await until(
      jobs,
      'patient',
      ({ status }) => status!.attempt >= 3 && status!.progress!.message !== '',
    );
    expect(waiting.status!.progress!.message).toBe('waiting: registry is away');
    isAway = false;
    expect((await end(jobs, 'patient')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  });

  it('fails with its last fault after four in a row', async () => {
    const jobs = await replica('broken', () => Promise.reject(internal('worker died')));
    await jobs.start('faulty', countingJob('faulty', 1));
    expect((await end(jobs, 'faulty')).status).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      error: { code: 'INTERNAL', message: 'worker died' },
      attempt: 4,
    });
  });
});

describe('jobs whose records the broker has lost', () => {
  it('are gone on with, also where the loss is noticed by the lease, not by a write', async () => {
    const quiet = async (lead: Lead<Training>) => {
      await delay(3 * LEASE_MS, undefined, { signal: lead.signal });
      return (job: Training) => ({ ...job, checkpointDigest: 'quiet' });
    };
    const [a, b] = [await replica('wiped-a', quiet, 1), await replica('wiped-b', quiet, 0)];
    await a.start('led', countingJob('led', 1));
    await a.start('queued', countingJob('queued', 1));
    await until(b, 'led', ({ status }) => status!.leader !== '');
    await until(b, 'queued', () => true);
    await nats.wipe();
    for (const id of ['led', 'queued']) {
      expect((await end(b, id)).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    }
  }, 60_000);
});

describe('a job that cannot be led', () => {
  it('does not keep younger ones waiting', async () => {
    const idle = await replica('idle', undefined, 0);
    await idle.start('deleted', countingJob('deleted', 1));
    await idle.start('younger', countingJob('younger', 2));
    const store = await openJobStore(nats.connection, {
      name: 'trainings',
      codec: messageCodec<Training>(Training),
    });
    const jobs = await replica('late', (lead) =>
      lead.id === 'deleted' ? Promise.reject(internal('never led')) : count(lead, 'late'),
    );
    await store.delete('deleted');
    expect((await end(jobs, 'younger')).status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  });
});

describe('the quota of who resumes a job', () => {
  it('counts as for a start: cancelling one and starting another makes no room for both', async () => {
    const jobs = await replica('quota', undefined, 0);
    const owner = { name: 'ci', quota: { runningJobs: 1 } };
    await jobs.start('first', countingJob('first', 1), owner);
    await expect(jobs.start('second', countingJob('second', 1), owner)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
    expect((await jobs.start('first', countingJob('first', 1), owner)).status!.id).toBe('first');
    await jobs.cancel('first');
    await jobs.start('second', countingJob('second', 1), owner);
    await expect(jobs.resume('first', undefined, owner)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: 'ci has 1 trainings that are not ended, at most 1 may',
    });
    await jobs.cancel('second');
    expect((await jobs.resume('first', undefined, owner)).status!.state).toBe(JobState.JOB_STATE_QUEUED);
    expect((await jobs.resume('first', undefined, owner)).status!.id).toBe('first');
    await jobs.cancel('first');
  });
});

describe('job ids', () => {
  it('return the same job for the same specification, and name the field that differs otherwise', async () => {
    const jobs = await replica('ids');
    await jobs.start('twice', countingJob('twice', 2));
    expect((await jobs.start('twice', countingJob('twice', 2))).status!.id).toBe('twice');
    await expect(jobs.start('twice', countingJob('twice', 3))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('spec.schedule.iterations is 2, not 3'),
    });
    await expect(jobs.get('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(jobs.start('a b', countingJob('a b', 1))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('the events of jobs', () => {
  it('tell an end once, however many replicas saw it', async () => {
    const [a] = [await replica('a'), await replica('b'), await replica('c')];
    await using connection = await connectEvents({ servers: nats.url, name: 'listener' });
    const bus = await openEvents(connection);
    const told: string[] = [];
    const stop = new AbortController();
    const listening = (async () => {
      for await (const { fact } of bus.subscribe({ signal: stop.signal })) {
        if (fact?.$case === 'training' && fact.value.status?.id === 'told') {
          told.push(`${fact.value.status.state} ${fact.value.result}`);
        }
      }
    })();
    await delay(200);
    await a.start('told', countingJob('told', 2));
    await end(a, 'told');
    await vi.waitUntil(() => told.some((line) => line.startsWith(JobState.JOB_STATE_SUCCEEDED)), {
      timeout: 10_000,
    });
    // For a second one to come, if there is one.
    await delay(200);
    stop.abort();
    await listening;
    expect(told.filter((line) => line.startsWith(JobState.JOB_STATE_SUCCEEDED))).toEqual([
      'JOB_STATE_SUCCEEDED counted to 2',
    ]);
  });
});

describe('a broker that is away for longer than a lease', () => {
  it('does not stop the work, whose leader goes on under the next number', async () => {
    const jobs = await replica('outlasts');
    await jobs.start('outage', countingJob('outage', 200));
    await until(jobs, 'outage', hasCounted(3));
    await nats.kill();
    await delay(LEASE_MS + 700);
    await nats.start();
    const ended = await end(jobs, 'outage');
    expect(ended.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, attempt: 1, fence: 2 });
    expect(ended.notes).toHaveLength(200);
  }, 30_000);
});
