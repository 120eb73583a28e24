import { aborted, CasslError, errorMessage, failedPrecondition, notFound } from '@cassl/errors';
import { openBucket, type BucketEntry } from './bucket.ts';
import type { Codec } from './codec.ts';
import type { EventConnection } from './connect-events.ts';
import { checkKey, checkToken } from './names.ts';

/** A job's state and the revision that a change of it must name. */
export interface JobRecord<T> {
  readonly id: string;
  readonly value: T;
  readonly revision: number;
}

/** A change; `value` is `undefined` when the record was deleted. */
export interface JobChange<T> {
  readonly id: string;
  readonly value: T | undefined;
  readonly revision: number;
  /** How often the store was lost and made again since the watch began: only revisions of one life compare. */
  readonly life: number;
}

/**
 * The state of long jobs, by id, on the server's disk. Ids are 1 to 128 of [A-Za-z0-9_-]; dots make a hierarchy
 * (`job-1.shard-7`). A record is at most 1 MiB (nats-server's max_payload): RESOURCE_EXHAUSTED beyond it.
 */
export interface JobStore<T> {
  /** @throws DATA_LOSS where the record's bytes are no such value */
  get(id: string): Promise<JobRecord<T> | undefined>;
  /** Makes the record, or returns the one that has this id (`existed`): starting a job twice is harmless. */
  create(id: string, value: T): Promise<JobRecord<T> & { readonly existed: boolean }>;
  /** Compare-and-set. ABORTED when the record has changed since that revision. */
  update(id: string, value: T, revision: number): Promise<JobRecord<T>>;
  /**
   * Reads, changes and writes until no one came between. `change` must be pure; returning `undefined` leaves the record.
   * NOT_FOUND when there is none.
   */
  modify(id: string, change: (value: T) => T | undefined): Promise<JobRecord<T>>;
  /** All records, or those under `prefix.`, in order of their ids; without those that are damaged. */
  list(prefix?: string): Promise<JobRecord<T>[]>;
  /** The record as it is now (or all, without an id), then every change, but damaged ones. Ends when the signal aborts. */
  watch(options: {
    readonly id?: string;
    readonly prefix?: string;
    readonly signal: AbortSignal;
  }): AsyncGenerator<JobChange<T>>;
  delete(id: string): Promise<void>;
}

const MAX_ATTEMPTS = 50;

export interface JobStoreOptions<T> {
  /** Of the bucket, one per service and kind, for example "trainings". */
  readonly name: string;
  readonly codec: Codec<T>;
  /** Hears of each record that a list or a watch leaves out, with DATA_LOSS. @default a warning of the process */
  readonly onDamaged?: (error: CasslError) => void;
}

export async function openJobStore<T>(
  connection: EventConnection,
  options: JobStoreOptions<T>,
): Promise<JobStore<T>> {
  const { codec, name, onDamaged = (error) => process.emitWarning(error) } = options;
  const bucket = await openBucket(connection, `jobs-${checkToken('name', name)}`);
  const decode = (id: string, bytes: Uint8Array): T => {
    try {
      return codec.decode(bytes);
    } catch (cause) {
      throw new CasslError('DATA_LOSS', `${name}/${id} is damaged: ${errorMessage(cause)}`, { cause });
    }
  };
  const record = ({ key, value, revision }: BucketEntry): JobRecord<T> => ({
    id: key,
    value: decode(key, value),
    revision,
  });
  /** One damaged record must not hide the others. */
  const unlessDamaged = <R>(read: () => R): R[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof CasslError)) throw error;
      onDamaged(error);
      return [];
    }
  };
  const get = async (id: string): Promise<JobRecord<T> | undefined> => {
    const entry = await bucket.get(checkKey('job id', id));
    return entry && record(entry);
  };
  return {
    get,
    async create(id, value) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const revision = await bucket.create(checkKey('job id', id), codec.encode(value));
        if (revision !== undefined) return { id, value, revision, existed: false };
        const existing = await get(id);
        if (existing !== undefined) return { ...existing, existed: true };
      }
      throw aborted(`${name}/${id} is made and deleted too often to be created`);
    },
    async update(id, value, revision) {
      const updated = await bucket.update(checkKey('job id', id), codec.encode(value), revision);
      if (updated === undefined) throw aborted(`${name}/${id} has changed since revision ${revision}`);
      return { id, value, revision: updated };
    },
    async modify(id, change) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const current = await get(id);
        if (current === undefined) throw notFound(`${name}/${id} does not exist`);
        const value = change(current.value);
        if (value === undefined) return current;
        const revision = await bucket.update(id, codec.encode(value), current.revision);
        if (revision !== undefined) return { id, value, revision };
      }
      throw failedPrecondition(`${name}/${id} changes too fast: ${MAX_ATTEMPTS} attempts to write it lost`);
    },
    async list(prefix) {
      const filter = prefix === undefined ? '>' : `${checkKey('prefix', prefix)}.>`;
      return (await bucket.list(filter)).flatMap((entry) => unlessDamaged(() => record(entry)));
    },
    async *watch({ id, prefix, signal }) {
      const filter = id ?? (prefix === undefined ? '>' : `${checkKey('prefix', prefix)}.>`);
      for await (const { key, value, revision, life } of bucket.watch(filter, signal)) {
        yield* unlessDamaged(() => ({ id: key, value: value && decode(key, value), revision, life }));
      }
    },
    delete: async (id) => void (await bucket.delete(checkKey('job id', id))),
  };
}
