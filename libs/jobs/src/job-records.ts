import { setTimeout as delay } from 'node:timers/promises';
import { alreadyExists, errorMessage, notFound, unavailable } from '@cassl/errors';
import type { JobStore } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
import { isEnded } from './job-status.ts';

export interface JobRecordsOptions<Job> {
  /** Where they are kept; this process must be its only writer. */
  readonly store: JobStore<Job>;
  /** What a job is called in messages: "training", "labeling". */
  readonly noun: string;
  readonly onWriteError?: (id: string, error: unknown) => void;
}

/**
 * The records of one service's jobs. The owning service is their only writer: it changes them in memory, watchers see that
 * at once, and the newest state is written behind, again and again while the broker is away.
 */
export interface JobRecords<Job> {
  /** Adds a record and waits until it is kept. Where the id is known, returns its record if `isSame`. @throws ALREADY_EXISTS */
  create(
    id: string,
    job: Job,
    isSame: (known: Job) => boolean,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  get(id: string): Job | undefined;
  /** @throws NOT_FOUND */
  require(id: string): Job;
  /** Newest first. */
  list(): readonly Job[];
  change(id: string, change: (job: Job) => Job): Job;
  /** Resolves when the state at the time of the call is kept. */
  flush(id: string): Promise<void>;
  /** The record now and after each change, skipping states that nobody took; ends after an ended one. */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Job>;
  close(): Promise<void>;
}

interface Entry<Job> {
  job: Job;
  version: number;
  keptVersion: number;
  writing: Promise<void> | undefined;
  readonly listeners: Set<() => void>;
}

/** Reads what the store holds. */
export async function openJobRecords<Job extends { status?: JobStatus | undefined }>(
  options: JobRecordsOptions<Job>,
): Promise<JobRecords<Job>> {
  const { store, noun } = options;
  const entries = new Map<string, Entry<Job>>();
  let closing = false;

  for (const { id, value } of await store.list()) entries.set(id, entryOf(value));

  const write = async (id: string, entry: Entry<Job>): Promise<void> => {
    for (let wait = 100; entry.keptVersion < entry.version;) {
      const { version, job } = entry;
      try {
        await store.modify(id, () => job);
        entry.keptVersion = version;
        wait = 100;
      } catch (error) {
        if (closing) throw error;
        options.onWriteError?.(id, error);
        await delay(wait);
        wait = Math.min(wait * 2, 2000);
      }
    }
  };

  const flush = (id: string): Promise<void> => {
    const entry = find(id);
    entry.writing ??= write(id, entry).finally(() => (entry.writing = undefined));
    return entry.writing;
  };

  const find = (id: string): Entry<Job> => {
    const entry = entries.get(id);
    if (entry === undefined) throw notFound(`no ${noun} has the id ${JSON.stringify(id)}`);
    return entry;
  };

  return {
    async create(id, job, isSame) {
      const known = entries.get(id);
      if (known !== undefined) {
        if (isSame(known.job)) return { job: known.job, created: false };
        throw alreadyExists(`the id ${JSON.stringify(id)} is taken by a ${noun} with another specification`);
      }
      const entry = entryOf(job);
      entry.version = 1;
      entries.set(id, entry);
      try {
        const { existed } = await store.create(id, job);
        // An earlier request may have been kept although its answer was lost.
        if (existed) await store.modify(id, () => job);
        entry.keptVersion = 1;
      } catch (error) {
        entries.delete(id);
        throw unavailable(`cannot keep the ${noun} ${id}: ${errorMessage(error)}`, { cause: error });
      }
      return { job: entry.job, created: true };
    },
    get: (id) => entries.get(id)?.job,
    require: (id) => find(id).job,
    list: () => [...entries.values()].map(({ job }) => job).sort((a, b) => createdMs(b) - createdMs(a)),
    change(id, change) {
      const entry = find(id);
      entry.job = change(entry.job);
      entry.version += 1;
      for (const listener of entry.listeners) listener();
      flush(id).catch((error: unknown) => options.onWriteError?.(id, error));
      return entry.job;
    },
    flush,
    async *watch(id, signal) {
      const entry = find(id);
      let wake: () => void = () => undefined;
      const listener = (): void => wake();
      entry.listeners.add(listener);
      signal?.addEventListener('abort', listener);
      try {
        for (let sent = -1; ;) {
          signal?.throwIfAborted();
          if (entry.version > sent) {
            sent = entry.version;
            const { job } = entry;
            yield job;
            if (isEnded(job.status)) return;
            continue;
          }
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        entry.listeners.delete(listener);
        signal?.removeEventListener('abort', listener);
      }
    },
    async close() {
      closing = true;
      await Promise.allSettled([...entries.keys()].map(flush));
    },
  };
}

function entryOf<Job>(job: Job): Entry<Job> {
  return { job, version: 0, keptVersion: 0, writing: undefined, listeners: new Set() };
}

function createdMs(job: { status?: JobStatus | undefined }): number {
  return job.status?.createdAt?.getTime() ?? 0;
}
