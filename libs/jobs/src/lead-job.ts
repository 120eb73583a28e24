import { setTimeout as delay } from 'node:timers/promises';
import { CasslError, errorCode, errorMessage, outlook } from '@cassl/errors';
import type { Lease, Leases } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import pRetry from 'p-retry';
import { isEnded, ledStatus, queuedStatus } from './job-status.ts';
import type { KeptRecord, ReplicatedRecords } from './replicated-records.ts';

/** One job in the hands of the replica that leads it. */
export interface Lead<Job> {
  readonly id: string;
  /** What this leader last read or wrote, with its own changes that are not kept yet; what others change comes with its next write. */
  readonly job: Job;
  /** Its status; a led job has one. */
  readonly status: JobStatus;
  /** Grows with each leader: side effects outside of the record can carry it, so that a superseded leader's are refused. */
  readonly fence: number;
  /** Aborted when the job was cancelled, another replica leads it, or this one stops: end all work on it. */
  readonly signal: AbortSignal;
  /** Changes the state at once and keeps it soon; `change` must be pure. After the signal aborted it changes nothing. */
  change(change: (job: Job) => Job): Job;
  /** Resolves when the state at the time of the call is kept. @throws the signal's reason */
  flush(): Promise<void>;
}

/** Why a lead's signal aborted. */
export class LostLead extends CasslError {
  /** `unwritable`: its state can't be kept, for the reason in `message`. */
  readonly why: 'superseded' | 'ended' | 'stopping' | 'unwritable';

  constructor(why: LostLead['why'], reason: unknown) {
    super(why === 'unwritable' ? errorCode(reason) : 'ABORTED', errorMessage(reason), { cause: reason });
    this.why = why;
  }
}

/** Whether another leader goes on with the job of a lead that was lost for this reason. */
export function isHandedOn(reason: unknown): boolean {
  return reason instanceof LostLead && (reason.why === 'stopping' || reason.why === 'superseded');
}

/** What the runner does with a lead besides. */
export interface HeldLead<Job> extends Lead<Job> {
  lose(reason: LostLead): void;
  /** Gives the lease back at once, so that another replica need not wait for its end. */
  release(): Promise<void>;
}

export interface LeadOptions<Job> {
  readonly records: ReplicatedRecords<Job>;
  readonly leases: Leases;
  readonly id: string;
  /** Names this process among the replicas. */
  readonly replica: string;
  readonly logger: Logger;
  /** How long work goes on while the broker is away and nobody can take the lease. */
  readonly graceMs: number;
}

const REACQUIRE_EVERY_MS = 250;

/** Takes the lead of a job, or `undefined` where another replica has it or it ended. */
export async function takeLead<Job extends { status?: JobStatus | undefined }>(
  options: LeadOptions<Job>,
): Promise<HeldLead<Job> | undefined> {
  const { records, leases, id, replica } = options;
  const lease = await leases.acquire(id, replica);
  if (lease === undefined) return undefined;
  try {
    const kept = await records.modify(id, (job) =>
      isEnded(job.status) ? undefined : { ...job, status: ledStatus(statusOf(job, id), replica) },
    );
    if (!isEnded(kept.job.status)) return hold(options, lease, kept);
  } catch (error) {
    await lease.release().catch(() => undefined);
    throw error;
  }
  await lease.release();
  return undefined;
}

function hold<Job extends { status?: JobStatus | undefined }>(
  options: LeadOptions<Job>,
  firstLease: Lease,
  first: KeptRecord<Job>,
): HeldLead<Job> {
  const { records, leases, id, replica, logger, graceMs } = options;
  const over = new AbortController();
  let lease = firstLease;
  let kept = first;
  let fence = statusOf(first.job, id).fence;
  let pending: ((job: Job) => Job)[] = [];
  let view = first.job;
  let writing: Promise<void> | undefined;
  /** Resolves once writes are allowed: at once, except between a lost lease and the next one. */
  let leased: Promise<void> = Promise.resolve();

  const lose = (reason: LostLead): void => {
    pending = [];
    stopListening();
    over.abort(reason);
  };
  const loseUnlessLost = (error: unknown): void => {
    if (!over.signal.aborted) lose(new LostLead('unwritable', error));
  };

  /** Whether this replica is just going on under the next number, after its lease had ended. */
  const isOwnNext = ({ leader, fence: next }: JobStatus): boolean =>
    lease.signal.aborted && leader === replica && next === fence + 1;
  /** Whether the record is still this replica's to write. */
  const check = (status: JobStatus, mayBeEnded: boolean): boolean => {
    if (status.fence > fence && !isOwnNext(status))
      lose(new LostLead('superseded', `${id} is led by ${status.leader} now`));
    else if (isEnded(status) && !mayBeEnded) lose(new LostLead('ended', `${id} was ended from elsewhere`));
    return !over.signal.aborted;
  };
  const stopListening = records.onChange((changed, job) => {
    // Also between two leases: who was superseded meanwhile must end its work, not wait out its grace.
    if (changed === id) check(statusOf(job, id), isEnded(statusOf(view, id)));
  });

  const writeOnce = async (): Promise<void> => {
    await leased;
    over.signal.throwIfAborted();
    const count = pending.length;
    const next = pending.reduce((job, change) => change(job), kept.job);
    const written = await records.write(id, next, kept.revision);
    if (written !== undefined) {
      kept = written;
      pending.splice(0, count);
      return;
    }
    const current = await records.read(id);
    if (!check(statusOf(current.job, id), false)) return;
    // Another replica changed something a leader does not own, or the answer to our own write was lost.
    kept = current;
    view = pending.reduce((job, change) => change(job), kept.job);
  };

  const write = async (): Promise<void> => {
    while (pending.length > 0 && !over.signal.aborted) {
      await pRetry(writeOnce, {
        retries: Infinity,
        minTimeout: 100,
        maxTimeout: 2000,
        signal: over.signal,
        shouldRetry: ({ error }) => outlook(errorCode(error)) === 'outage',
        onFailedAttempt: ({ error }) =>
          logger.warn({ job: id, err: error }, 'cannot keep a record now, trying again'),
      });
    }
  };

  const flush = (): Promise<void> => {
    if (over.signal.aborted) return Promise.reject(over.signal.reason as Error);
    writing ??= write().finally(() => (writing = undefined));
    return writing.then(() => over.signal.throwIfAborted());
  };

  /** Goes on under the next number; `false` where the record is another's by now. */
  const takeAgain = async (next: Lease): Promise<boolean> => {
    if (over.signal.aborted) return false;
    const current = await records.modify(id, (job) => {
      const status = statusOf(job, id);
      if (status.fence > fence || isEnded(status)) return undefined;
      return { ...job, status: { ...status, leader: replica, fence: fence + 1 } };
    });
    const status = statusOf(current.job, id);
    if (!check(status, false)) return false;
    kept = current;
    fence = status.fence;
    view = pending.reduce((job, change) => change(job), kept.job);
    lease = next;
    keepLease();
    return true;
  };

  /** A lease that is not used must not be renewed any longer. */
  const askAgain = async (): Promise<void> => {
    const next = await leases.acquire(id, replica).catch(() => undefined);
    if (next === undefined) return;
    let isTaken = false;
    try {
      isTaken = await takeAgain(next);
    } finally {
      if (!isTaken) await next.release().catch(() => undefined);
    }
  };

  const regain = async (): Promise<void> => {
    const deadline = performance.now() + graceMs;
    logger.warn({ job: id }, 'the lease ended, asking for it again');
    while (!over.signal.aborted) {
      await askAgain().catch((error: unknown) => {
        if (outlook(errorCode(error)) !== 'outage') throw error;
      });
      if (!lease.signal.aborted) return;
      if (performance.now() > deadline) {
        return lose(
          new LostLead('superseded', `the lease of ${id} could not be had again for ${graceMs} ms`),
        );
      }
      await delay(REACQUIRE_EVERY_MS);
    }
  };
  const keepLease = (): void => {
    lease.signal.addEventListener(
      'abort',
      () => {
        if (over.signal.aborted) return;
        leased = regain().catch(loseUnlessLost);
      },
      { once: true },
    );
  };
  keepLease();

  return {
    id,
    get job() {
      return view;
    },
    get status() {
      return statusOf(view, id);
    },
    get fence() {
      return fence;
    },
    signal: over.signal,
    change(change) {
      if (over.signal.aborted) return view;
      pending.push(change);
      view = change(view);
      flush().catch(loseUnlessLost);
      return view;
    },
    flush,
    lose,
    async release() {
      stopListening();
      await writing?.catch(() => undefined);
      await leased;
      await lease.release().catch(() => undefined);
    },
  };
}

function statusOf(job: { status?: JobStatus | undefined }, id: string): JobStatus {
  return job.status ?? queuedStatus(id);
}
