import { Kvm, type KV, type KvEntry } from '@nats-io/kv';
import { StorageType } from '@nats-io/jetstream';
import type { EventConnection } from './connect-events.ts';
import { keepAsking } from './keep-asking.ts';
import { isRevisionConflict, isStoreLost } from './nats-error.ts';

/** One live value. */
export interface BucketEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** A change seen by a watch; `value` is `undefined` for a deleted key. */
export interface BucketChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly revision: number;
  /** How often the bucket was lost and made again since the watch began: only revisions of one life compare. */
  readonly life: number;
}

/** A KV bucket as bytes, with the client library's errors translated. */
export interface Bucket {
  get(key: string): Promise<BucketEntry | undefined>;
  /** `undefined` when the key exists. */
  create(key: string, value: Uint8Array): Promise<number | undefined>;
  /** `undefined` when the revision is no longer the newest. */
  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined>;
  /** With a revision, `false` when it is no longer the newest. */
  delete(key: string, revision?: number): Promise<boolean>;
  /** Live entries whose key matches, for example `>` or `job-1.>`. */
  list(filter: string): Promise<BucketEntry[]>;
  /** What is there now, then every change; each revision once. Ends when the signal aborts. */
  watch(filter: string, signal: AbortSignal): AsyncGenerator<BucketChange>;
}

export interface BucketOptions {
  /** Keys fade when they are not written for so long; default never. */
  readonly ttlMs?: number;
}

/** Opens a bucket on disk that keeps the newest value of each key. */
export async function openBucket(
  connection: EventConnection,
  name: string,
  options: BucketOptions = {},
): Promise<Bucket> {
  const make = (): Promise<KV> =>
    new Kvm(connection.js).create(name, {
      history: 1,
      storage: StorageType.File,
      replicas: connection.replicas,
      // Reads from any replica could be older than this client's own last write.
      allow_direct: false,
      ...(options.ttlMs === undefined ? {} : { ttl: options.ttlMs }),
    });
  const kv = await keepAsking(connection, `open bucket ${name}`, make);
  const asking = <T>(what: string, action: (isRepeat: boolean) => Promise<T>): Promise<T> =>
    keepAsking(connection, `${what} of bucket ${name}`, async (isRepeat) => {
      try {
        return await action(isRepeat);
      } catch (error) {
        // A server whose store was lost has no bucket; the next try finds an empty one.
        if (isStoreLost(error)) await make().catch(() => undefined);
        throw error;
      }
    });
  const get = async (key: string): Promise<BucketEntry | undefined> => live(await kv.get(key));
  /** A lost answer looks like a lost race; our own bytes in the bucket tell the two apart. */
  const write = async (
    key: string,
    value: Uint8Array,
    isRepeat: boolean,
    action: () => Promise<number>,
  ): Promise<number | undefined> => {
    const revision = await unlessConflict(action);
    if (revision !== undefined || !isRepeat) return revision;
    const current = await get(key);
    return current !== undefined && Buffer.compare(current.value, value) === 0 ? current.revision : undefined;
  };
  return {
    get: (key) => asking(`get ${key}`, () => get(key)),
    create: (key, value) =>
      asking(`create ${key}`, (isRepeat) => write(key, value, isRepeat, () => kv.create(key, value))),
    update: (key, value, revision) =>
      asking(`update ${key}`, (isRepeat) =>
        write(key, value, isRepeat, () => kv.update(key, value, revision)),
      ),
    delete: (key, revision) =>
      asking(`delete ${key}`, async (isRepeat) => {
        const expected = revision === undefined ? {} : { previousSeq: revision };
        const done = await unlessConflict(() => kv.delete(key, expected).then(() => true));
        return done ?? (isRepeat && (await get(key)) === undefined);
      }),
    list: (filter) => asking('list keys', () => list(connection, kv, name, filter)),
    watch: (filter, signal) => watch(connection, kv, { name, filter, signal }),
  };
}

function live(entry: KvEntry | null): BucketEntry | undefined {
  if (entry?.operation !== 'PUT') return undefined;
  return { key: entry.key, value: entry.value, revision: entry.revision };
}

async function unlessConflict<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isRevisionConflict(error)) return undefined;
    throw error;
  }
}

async function list(
  connection: EventConnection,
  kv: KV,
  name: string,
  filter: string,
): Promise<BucketEntry[]> {
  const { state } = await connection.jsm.streams.info(`KV_${name}`, {
    subjects_filter: `$KV.${name}.${filter}`,
  });
  const prefix = `$KV.${name}.`.length;
  // A watch of nothing would wait for ever.
  const unseen = new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix)));
  if (unseen.size === 0) return [];
  const entries: BucketEntry[] = [];
  const iterator = await kv.watch({ key: filter });
  const forget = connection.onReconnect(() => iterator.stop());
  try {
    for await (const entry of iterator) {
      const found = live(entry);
      if (found !== undefined) entries.push(found);
      // A key that is written meanwhile leaves nats-server's count of what is still to come one too high.
      unseen.delete(entry.key);
      if (entry.delta === 0 || unseen.size === 0) break;
    }
  } finally {
    forget();
    iterator.stop();
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function* watch(
  connection: EventConnection,
  kv: KV,
  { name, filter, signal }: { readonly name: string; readonly filter: string; readonly signal: AbortSignal },
): AsyncGenerator<BucketChange> {
  const seen = new Map<string, number>();
  let created: string | undefined;
  let life = 0;
  while (!signal.aborted) {
    let iterator;
    try {
      const info = await connection.jsm.streams.info(`KV_${name}`);
      // A bucket that was lost and made again counts its revisions from one.
      if (created !== undefined && info.created !== created) {
        seen.clear();
        life++;
      }
      created = info.created;
      iterator = await kv.watch({ key: filter });
    } catch {
      await pause(signal);
      continue;
    }
    const stop = (): void => iterator.stop();
    // The watch's consumer lives in the server's memory: after a restart it is gone, without a word.
    const forget = connection.onReconnect(stop);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const entry of iterator) {
        if (signal.aborted) return;
        if ((seen.get(entry.key) ?? 0) >= entry.revision) continue;
        seen.set(entry.key, entry.revision);
        yield { key: entry.key, value: live(entry)?.value, revision: entry.revision, life };
      }
    } finally {
      forget();
      signal.removeEventListener('abort', stop);
      stop();
    }
    await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 200);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
