import { aborted, CasslError, internal, notFound, unavailable } from '@cassl/errors';
import type { Training } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attemptWork, FinalError } from './attempt-work.ts';
import { jobProgress, startedStatus } from './job-status.ts';
import type { Lead } from './lead-job.ts';
import { countingJob } from './replica.fixture.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const AN_HOUR_MS = 3_600_000;

/** A lead whose record is only here; what it said on the way is in `messages`. */
function leadHere(): { lead: Lead<Training>; messages: string[]; lose: (reason: Error) => void } {
  const over = new AbortController();
  const messages: string[] = [];
  const job = countingJob('j', 10);
  let now: Training = { ...job, status: startedStatus(job.status!) };
  const lead: Lead<Training> = {
    id: 'j',
    get job() {
      return now;
    },
    get status() {
      return now.status!;
    },
    fence: 1,
    signal: over.signal,
    change(change) {
      now = change(now);
      messages.push(now.status!.progress!.message);
      return now;
    },
    flush: () => Promise.resolve(),
  };
  return { lead, messages, lose: (reason) => over.abort(reason) };
}

const reach = (lead: Lead<Training>, done: number): void =>
  void lead.change((job) => ({
    ...job,
    status: { ...job.status!, progress: jobProgress({ done, total: 10 }) },
  }));

/** Throws the errors in turn, then answers 'made'. */
function failing(errors: readonly Error[]): { work: () => Promise<string>; runs: () => number } {
  let runs = 0;
  const work = (): Promise<string> => {
    const error = errors[runs];
    runs += 1;
    return error === undefined ? Promise.resolve('made') : Promise.reject(error);
  };
  return { work, runs: () => runs };
}

describe('work that is attempted', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Lets an hour of pauses go by. */
  async function settle<T>(result: Promise<T>): Promise<T | Error> {
    const settled = result.catch((error: unknown) => error as Error);
    await vi.advanceTimersByTimeAsync(AN_HOUR_MS);
    return settled;
  }

  it.each([
    ['UNAVAILABLE', unavailable('registry is away')],
    ['DEADLINE_EXCEEDED', new CasslError('DEADLINE_EXCEEDED', 'registry is slow')],
    ['ABORTED', aborted('somebody else was first')],
  ])('is waited for through fifty times %s', async (_, error) => {
    const { lead } = leadHere();
    const { work, runs } = failing(Array.from({ length: 50 }, () => error));
    expect(await settle(attemptWork(lead, work, logger))).toBe('made');
    expect(runs()).toBe(51);
    expect(lead.status.attempt).toBe(51);
  });

  it.each([
    ['four faults in a row', Array.from({ length: 9 }, (_, n) => internal(`fault ${n + 1}`)), 'fault 4', 4],
    ['a permanent error', [notFound('no such alias'), internal('never seen')], 'no such alias', 1],
    ['a defect of the code', [new TypeError('x is not a function')], 'x is not a function', 1],
    ['a final error, whatever its kind', [new FinalError(unavailable('for good'))], 'for good', 1],
    [
      'faults that outages lie between',
      [internal('1'), unavailable('x'), internal('2'), unavailable('x'), internal('3'), internal('4')],
      '4',
      6,
    ],
  ])('ends with %s', async (_, errors, message, attempts) => {
    const { lead } = leadHere();
    const { work, runs } = failing(errors);
    expect(await settle(attemptWork(lead, work, logger))).toMatchObject({ message });
    expect(runs()).toBe(attempts);
  });

  it('forgives the faults before it got further', async () => {
    const { lead } = leadHere();
    let runs = 0;
    const work = (): Promise<string> => {
      runs += 1;
      if (runs > 12) return Promise.resolve('made');
      if (runs % 3 === 0) reach(lead, runs);
      return Promise.reject(internal('worker died'));
    };
    expect(await settle(attemptWork(lead, work, logger))).toBe('made');
  });

  it('says what it waits for while it waits, and no longer', async () => {
    const { lead, messages } = leadHere();
    const { work } = failing([unavailable('registry is away')]);
    expect(await settle(attemptWork(lead, work, logger))).toBe('made');
    expect(messages).toEqual(['waiting: registry is away', '']);
  });

  it.each([notFound('no such alias'), new TypeError('x is not a function')])(
    'does not say that it waits when it gives up on %s',
    async (error) => {
      const { lead, messages } = leadHere();
      expect(await settle(attemptWork(lead, failing([error]).work, logger))).toBe(error);
      expect(messages).toEqual([]);
    },
  );

  it('ends in the middle of a pause with the reason for which the lead was lost', async () => {
    const { lead, lose } = leadHere();
    const { work, runs } = failing(Array.from({ length: 50 }, () => unavailable('registry is away')));
    const result = attemptWork(lead, work, logger).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    const before = runs();
    lose(aborted('led by another'));
    expect(await result).toMatchObject({ message: 'led by another' });
    expect(runs()).toBe(before);
  });

  it('is paused for at most 15 s between two attempts', async () => {
    const { lead } = leadHere();
    const times: number[] = [];
    const work = (): Promise<string> => {
      times.push(Date.now());
      return times.length > 30 ? Promise.resolve('made') : Promise.reject(unavailable('away'));
    };
    await settle(attemptWork(lead, work, logger));
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_000);
    expect(pauses[0]).toBeGreaterThanOrEqual(200);
  });
});
