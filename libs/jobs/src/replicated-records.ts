import { alreadyExists, errorCode, errorMessage, notFound, unavailable } from '@cassl/errors';
import type { JobStore } from '@cassl/events';
import type { JobStatus } from '@cassl/proto';
import { isEnded } from './job-status.ts';

/** A record as the broker has it. */
export interface KeptRecord<Job> {
  readonly job: Job;
  /** What a compare-and-set must name. */
  readonly revision: number;
}

/** `before` is absent where this process sees the record for the first time. */
export type RecordListener<Job> = (id: string, job: Job, before: Job | undefined) => void;

/**
 * The records of one kind of job, which any number of processes read and write: every write is a compare-and-set, and each
 * process follows all of them, so that lists and watches need no request.
 */
export interface ReplicatedRecords<Job> {
  /** Where the id is taken, returns that record if `isSame`. @throws ALREADY_EXISTS with what `describe` says */
  create(id: string, job: Job, difference: (known: Job) => string | undefined): Promise<KeptRecord<Job>>;
  /** The newest state; this process's copy where the broker does not answer. @throws NOT_FOUND */
  read(id: string): Promise<KeptRecord<Job>>;
  /** `undefined` where the record has moved on. A record that is gone is made again. */
  write(id: string, job: Job, revision: number): Promise<KeptRecord<Job> | undefined>;
  /** `change` must be pure; `undefined` leaves the record. @throws NOT_FOUND */
  modify(id: string, change: (job: Job) => Job | undefined): Promise<KeptRecord<Job>>;
  /** Whether this process has a copy of it. */
  has(id: string): boolean;
  /** This process's copies, in order of creation, then of their ids: the same in every process. */
  list(): readonly Job[];
  /**
   * The record now and after each change, skipping states that nobody took; ends after an ended one.
   * @throws NOT_FOUND; the signal's reason; UNAVAILABLE once the records are closed
   */
  watch(id: string, signal?: AbortSignal): AsyncGenerator<Job>;
  /** After each change, whoever made it; returns the way to stop that. */
  onChange(listener: RecordListener<Job>): () => void;
  close(): Promise<void>;
}

const READ_PATIENCE_MS = 2000;

export async function openReplicatedRecords<Job extends { status?: JobStatus | undefined }>(options: {
  readonly store: JobStore<Job>;
  /** What a job is called in messages: "training", "labeling". */
  readonly noun: string;
}): Promise<ReplicatedRecords<Job>> {
  const { store, noun } = options;
  const copies = new Map<string, KeptRecord<Job>>();
  const listeners = new Set<RecordListener<Job>>();
  const closing = new AbortController();

  /** Changes come by the watch and, earlier, by this process's own writes. */
  const take = (id: string, job: Job, revision: number): KeptRecord<Job> => {
    const known = copies.get(id);
    if (known !== undefined && known.revision >= revision) return known;
    const kept = { job, revision };
    copies.set(id, kept);
    for (const listener of listeners) listener(id, job, known?.job);
    return kept;
  };
  const missing = (id: string): Error => notFound(`no ${noun} has the id ${JSON.stringify(id)}`);

  const read = async (id: string): Promise<KeptRecord<Job>> => {
    const copy = copies.get(id);
    const asked = store.get(id);
    const patience = copy === undefined ? Infinity : READ_PATIENCE_MS;
    const found = await within(asked, patience).catch((error: unknown) => {
      if (copy !== undefined) return undefined;
      throw error;
    });
    if (found !== undefined) return take(id, found.value, found.revision);
    if (copy !== undefined) return copy;
    throw missing(id);
  };

  for (const { id, value, revision } of await store.list()) take(id, value, revision);
  const following = (async () => {
    for await (const { id, value, revision } of store.watch({ signal: closing.signal })) {
      if (value !== undefined) take(id, value, revision);
    }
  })();

  return {
    async create(id, job, difference) {
      try {
        const { value, revision, existed } = await store.create(id, job);
        const differs = existed ? difference(value) : undefined;
        if (differs === undefined) return take(id, value, revision);
        throw alreadyExists(
          `the id ${JSON.stringify(id)} is taken by a ${noun} with another specification: ${differs}`,
        );
      } catch (error) {
        if (errorCode(error) !== 'UNAVAILABLE') throw error;
        throw unavailable(`cannot keep the ${noun} ${id}: ${errorMessage(error)}`, { cause: error });
      }
    },
    read,
    async write(id, job, revision) {
      try {
        const written = await store.update(id, job, revision);
        return take(id, written.value, written.revision);
      } catch (error) {
        if (errorCode(error) !== 'ABORTED') throw error;
        if ((await store.get(id)) !== undefined) return undefined;
        const again = await store.create(id, job);
        // A new record counts its revisions from the beginning.
        copies.delete(id);
        return again.existed ? undefined : take(id, again.value, again.revision);
      }
    },
    async modify(id, change) {
      try {
        const { value, revision } = await store.modify(id, change);
        return take(id, value, revision);
      } catch (error) {
        throw errorCode(error) === 'NOT_FOUND' ? missing(id) : error;
      }
    },
    has: (id) => copies.has(id),
    list: () => [...copies.values()].map(({ job }) => job).sort(inOrderOfCreation),
    async *watch(id, signal) {
      let newest = await read(id);
      let wake: () => void = () => undefined;
      const listener: RecordListener<Job> = (changed) => {
        if (changed === id) wake();
      };
      const over = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      const abort = (): void => wake();
      listeners.add(listener);
      over.addEventListener('abort', abort);
      try {
        for (let sent = -1; ;) {
          over.throwIfAborted();
          newest = copies.get(id) ?? newest;
          // Not only a greater one: a record made again after the store was lost counts from the beginning.
          if (newest.revision !== sent) {
            sent = newest.revision;
            yield newest.job;
            if (isEnded(newest.job.status)) return;
            continue;
          }
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        listeners.delete(listener);
        over.removeEventListener('abort', abort);
      }
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closing.abort(unavailable(`this replica follows no ${noun} any more`));
      await following;
    },
  };
}

interface Dated {
  readonly status?: JobStatus | undefined;
}

function inOrderOfCreation({ status: a }: Dated, { status: b }: Dated): number {
  const byTime = (a?.createdAt?.getTime() ?? 0) - (b?.createdAt?.getTime() ?? 0);
  return byTime || ((a?.id ?? '') < (b?.id ?? '') ? -1 : 1);
}

async function within<T>(answer: Promise<T>, limitMs: number): Promise<T | undefined> {
  if (limitMs === Infinity) return answer;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs);
  answer.catch(() => undefined);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}
