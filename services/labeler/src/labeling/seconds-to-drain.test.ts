import { JobState, Labeling } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { secondsToDrain } from './seconds-to-drain.ts';

const { JOB_STATE_QUEUED, JOB_STATE_RUNNING, JOB_STATE_SUCCEEDED } = JobState;
const labeling = (state: JobState, done: number, total: number, more: object = {}): Labeling =>
  Labeling.fromPartial({ status: { id: 'x', state, progress: { done, total } }, spec: {}, ...more });
const ALL = { pool: '' };

describe('seconds to drain', () => {
  it('are what is left at the pace that the job was measured at', () => {
    const job = labeling(JOB_STATE_RUNNING, 200, 1000, { workerSeconds: 50 });
    expect(secondsToDrain([job], ALL)).toBe(200);
  });

  it('of a job that has not begun follow the pace of others of its pool, ended ones too', () => {
    const ended = labeling(JOB_STATE_SUCCEEDED, 100, 100, { workerSeconds: 10 });
    const other = labeling(JOB_STATE_SUCCEEDED, 100, 100, {
      workerSeconds: 1000,
      spec: { workerPool: 'big' },
    });
    const waiting = labeling(JOB_STATE_QUEUED, 0, 500);
    expect(secondsToDrain([ended, other, waiting], ALL)).toBe(50);
    expect(secondsToDrain([waiting], ALL)).toBeCloseTo(333.3, 1);
  });

  it('count neither ended nor paused jobs, nor those of other pools and priorities', () => {
    const jobs = [
      labeling(JOB_STATE_SUCCEEDED, 1, 9, { workerSeconds: 1 }),
      labeling(JOB_STATE_RUNNING, 1, 9, { workerSeconds: 1, pause: { reason: 'asked' } }),
      labeling(JOB_STATE_RUNNING, 1, 9, { workerSeconds: 1, spec: { workerPool: 'big' } }),
      labeling(JOB_STATE_RUNNING, 1, 9, { workerSeconds: 1, spec: { priority: 5 } }),
    ];
    expect(secondsToDrain(jobs, { pool: '', priority: 0 })).toBe(0);
    expect(secondsToDrain(jobs, { pool: '', priority: 5 })).toBe(8);
    expect(secondsToDrain(jobs, { pool: 'big' })).toBe(8);
    expect(secondsToDrain([], ALL)).toBe(0);
  });
});
