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
  /**
   * `change` must be pure; `undefined` leaves the record. A record that the broker has lost is made again of this process's copy.
   * @throws NOT_FOUND where this process has none either
   */
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
  /**
   * Takes what the broker answered after this process had `before`: a smaller revision than that is one of a record that was made
   * again after the broker's store was lost, and counts from the beginning.
   */
  const takeAnswer = (
    id: string,
    job: Job,
    revision: number,
    before: KeptRecord<Job> | undefined,
  ): KeptRecord<Job> => {
    if (before !== undefined && revision < before.revision && copies.get(id) === before)
      copies.set(id, { job: before.job, revision: 0 });
    return take(id, job, revision);
  };
  /** Makes a lost record again; `undefined` where another process just did. */
  const restore = async (id: string, job: Job): Promise<KeptRecord<Job> | undefined> => {
    const before = copies.get(id);
    const made = await store.create(id, job);
    const kept = takeAnswer(id, made.value, made.revision, before);
    return made.existed ? undefined : kept;
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
    if (found !== undefined) return takeAnswer(id, found.value, found.revision, copy);
    if (copy !== undefined) return copy;
    throw missing(id);
  };

  for (const { id, value, revision } of await store.list()) take(id, value, revision);
  const following = (async () => {
    let known = 0;
    for await (const { id, value, revision, life } of store.watch({ signal: closing.signal })) {
      if (life !== known) for (const [each, { job }] of copies) copies.set(each, { job, revision: 0 });
      known = life;
      if (value !== undefined) take(id, value, revision);
      // By an operator's hand; only a leader makes such a record again.
      else if ((copies.get(id)?.revision ?? 0) < revision) copies.delete(id);
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
        return (await store.get(id)) === undefined ? restore(id, job) : undefined;
      }
    },
    async modify(id, change) {
      for (;;) {
        const before = copies.get(id);
        try {
          const { value, revision } = await store.modify(id, change);
          return takeAnswer(id, value, revision, before);
        } catch (error) {
          if (errorCode(error) !== 'NOT_FOUND') throw error;
        }
        if (before === undefined) throw missing(id);
        const job = change(before.job);
        if (job === undefined) return before;
        const again = await restore(id, job);
        if (again !== undefined) return again;
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
