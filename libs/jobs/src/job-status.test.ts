import { notFound } from '@cassl/errors';
import { JobState, type JobStatus } from '@cassl/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJobId } from './job-id.ts';
import {
  cancelledStatus,
  failedStatus,
  handedBackStatus,
  isEnded,
  jobProgress,
  ledStatus,
  queuedStatus,
  resumedStatus,
  startedStatus,
  succeededStatus,
  toJobError,
  withMessage,
} from './job-status.ts';

const BROKEN = { code: 'INTERNAL', message: 'worker died' };

/** What may happen to a job that has not ended, and what may happen to one that has. */
const GOING: Readonly<Record<string, (status: JobStatus) => JobStatus>> = {
  lead: (status) => ledStatus(status, 'a'),
  retry: startedStatus,
  handBack: handedBackStatus,
  message: (status) => withMessage(status, 'waiting: registry is away'),
  succeed: succeededStatus,
  fail: (status) => failedStatus(status, BROKEN),
  cancel: cancelledStatus,
};
const lives = fc.array(fc.constantFrom(...Object.keys(GOING)), { maxLength: 30 });

/** Each state of a life in which what has ended is resumed before anything else happens to it. */
function statesOf(life: readonly string[]): JobStatus[] {
  const states = [queuedStatus('j', { total: 7 })];
  for (const step of life) {
    const last = states.at(-1)!;
    const going = isEnded(last) ? resumedStatus(last) : last;
    states.push(GOING[step]!(going));
  }
  return states;
}

describe('the status of a job', () => {
  it('has an end time exactly when it has ended, and an error exactly when it failed', () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const status of statesOf(life)) {
          expect(status.finishedAt !== undefined).toBe(isEnded(status));
          expect(status.error !== undefined).toBe(status.state === JobState.JOB_STATE_FAILED);
        }
      }),
    );
  });

  it('never counts attempts or leaders back, and keeps when it was made and first started', () => {
    fc.assert(
      fc.property(lives, (life) => {
        const states = statesOf(life);
        for (const [index, status] of states.entries()) {
          const before = states[index - 1] ?? status;
          expect(status.attempt).toBeGreaterThanOrEqual(before.attempt);
          expect(status.fence).toBeGreaterThanOrEqual(before.fence);
          expect(status.createdAt).toBe(before.createdAt);
          if (before.startedAt !== undefined) expect(status.startedAt).toBe(before.startedAt);
        }
      }),
    );
  });

  it('waits for nothing and promises no time once it has ended, however it ended', () => {
    const waiting = withMessage(
      { ...queuedStatus('j'), progress: jobProgress({ done: 3, total: 7, etaSeconds: 60 }) },
      'waiting: registry is away',
    );
    for (const ended of [succeededStatus(waiting), failedStatus(waiting, BROKEN), cancelledStatus(waiting)]) {
      expect(ended.progress).toMatchObject({ message: '', etaSeconds: 0 });
    }
    expect(succeededStatus(waiting).progress).toMatchObject({ done: 7 });
    expect(cancelledStatus(waiting).progress).toMatchObject({ done: 3 });
  });

  it('is nobody’s once it is handed back, under the number of its last leader', () => {
    const led = ledStatus(ledStatus(queuedStatus('j'), 'a'), 'b');
    expect(led).toMatchObject({ leader: 'b', fence: 2, attempt: 2 });
    expect(handedBackStatus(led)).toMatchObject({
      state: JobState.JOB_STATE_QUEUED,
      leader: '',
      fence: 2,
    });
  });

  it('keeps the code of an error of ours, and calls anything else unknown', () => {
    expect(toJobError(notFound('no such alias'))).toEqual({ code: 'NOT_FOUND', message: 'no such alias' });
    expect(toJobError('text')).toEqual({ code: 'UNKNOWN', message: 'text' });
  });
});

describe('the id of a job', () => {
  it('is 1 to 128 of [A-Za-z0-9_-]', () => {
    const good = fc.string({ unit: fc.constantFrom(...'azAZ09_-'), minLength: 1, maxLength: 128 });
    fc.assert(fc.property(good, (id) => checkJobId('id', id)));
  });

  it.each(['', 'a b', 'a.b', '../a', 'a\n', 'ä', '*', '>', 'x'.repeat(129)])('is not %j', (id) => {
    expect(() => checkJobId('StartRequest.id', id)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('StartRequest.id must be 1 to 128 of [A-Za-z0-9_-], got'),
      }),
    );
  });

  it('is cut in the message where it is huge', () => {
    const huge = 'x'.repeat(1e6);
    try {
      checkJobId('id', huge);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(300);
    }
  });
});
