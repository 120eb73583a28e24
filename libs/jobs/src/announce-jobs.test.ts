import { unavailable } from '@cassl/errors';
import type { EventBus, NewEvent } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { announceJobs, type AnnounceJob } from './announce-jobs.ts';
import { failedStatus, queuedStatus, startedStatus, succeededStatus } from './job-status.ts';

/** A broker that is away for the first `failures` requests; `told` is what it got. */
function announcing(failures = 0): { announce: AnnounceJob; told: NewEvent[]; errors: unknown[] } {
  const told: NewEvent[] = [];
  const errors: unknown[] = [];
  let requests = 0;
  const bus: Pick<EventBus, 'publish'> = {
    publish(event) {
      requests += 1;
      if (requests <= failures) return Promise.reject(unavailable('nats-server does not answer'));
      told.push(event);
      return Promise.resolve();
    },
  };
  const announce = announceJobs({
    bus: bus as EventBus,
    source: 'trainer',
    kind: 'training',
    onError: (error) => errors.push(error),
  });
  return { announce, told, errors };
}

const running = (id: string): JobStatus => startedStatus(queuedStatus(id));

describe('the events of a job', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('tell its progress at most once a second, each job for itself', async () => {
    const { announce, told } = announcing();
    for (let step = 0; step < 25; step += 1) {
      announce(running('a'), '');
      announce(running('b'), '');
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(told).toHaveLength(2 * 3);
  });

  it('tell its end at once, also right after its progress', async () => {
    const { announce, told } = announcing();
    announce(running('a'), '');
    announce(succeededStatus(running('a')), 'sha256:1');
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toHaveLength(2);
    expect(told[1]).toMatchObject({
      source: 'trainer',
      fact: { $case: 'training', value: { result: 'sha256:1' } },
    });
  });

  it('tell one end under one id, from any replica, and another end under another', async () => {
    const first = announcing();
    const second = announcing();
    const end = succeededStatus(running('a'));
    first.announce(end, '');
    second.announce(end, '');
    await vi.advanceTimersByTimeAsync(1000);
    first.announce(failedStatus(running('a'), { code: 'INTERNAL', message: '' }), '');
    await vi.advanceTimersByTimeAsync(0);
    expect(first.told[0]!.id).toBe(second.told[0]!.id);
    expect(first.told[1]!.id).not.toBe(first.told[0]!.id);
  });

  it('tell an end again until the broker has it', async () => {
    const { announce, told, errors } = announcing(9);
    announce(succeededStatus(running('a')), 'made');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('give an end up after ten times, and progress after one, and say so', async () => {
    const { announce, told, errors } = announcing(11);
    announce(running('a'), '');
    announce(succeededStatus(running('a')), 'made');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual([]);
    expect(errors).toHaveLength(2);
  });

  it('are none for a record without a status', async () => {
    const { announce, told } = announcing();
    announce(undefined, '');
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual([]);
  });
});
