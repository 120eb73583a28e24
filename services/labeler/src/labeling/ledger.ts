import { createHash } from 'node:crypto';
import { errorCode } from '@cassl/errors';
import { LabelingOptions, Teacher, type LabelingSpec } from '@cassl/proto';
import { addressIn, openRequestedStore, readBytes, type ObjectStore } from '@cassl/storage';
import { commitKey, COMMITS, decodeCommit, encodeCommit, indexOfKey, type Commit } from './commit.ts';

/**
 * The truth about a labeling, in object storage: the manifest says what is to be done, commits what is done. Whatever the broker loses
 * can be told again from it.
 */
export interface Ledger {
  /** Manifest and commits. */
  readonly store: ObjectStore;
  /** Label files and the label set. */
  readonly labels: ObjectStore;
  has(index: number): Promise<boolean>;
  /** Compare-and-set: the first commit of a shard stays. @returns the one that stands, and whether it is this one */
  commit(commit: Commit): Promise<{ readonly commit: Commit; readonly isFirst: boolean }>;
  read(index: number): Promise<Commit>;
  /** Commits that `isKnown` does not know, in no order. */
  unknown(isKnown: (index: number) => boolean): AsyncGenerator<Commit>;
  /** The commits of [from, to) in order, read ahead; shards without one are left out. */
  range(from: number, to: number): AsyncGenerator<Commit>;
}

const READ_AHEAD = 32;

export function openLedger(outputUri: string, folder: string): Ledger {
  const below = (name: string): ObjectStore =>
    openRequestedStore('LabelingSpec.output_uri', addressIn(outputUri, name), 'write');
  const store = below(folder);
  const read = async (index: number): Promise<Commit> =>
    decodeCommit(await readBytes(store, commitKey(index)), `${store.uri}/${commitKey(index)}`);
  const readIfThere = (index: number): Promise<Commit | undefined> =>
    read(index).catch((error: unknown) => {
      if (errorCode(error) === 'NOT_FOUND') return undefined;
      throw error;
    });
  return {
    store,
    labels: below('labels'),
    has: async (index) => (await store.head(commitKey(index))) !== undefined,
    async commit(commit) {
      try {
        await store.put(commitKey(commit.index), encodeCommit(commit), { ifAbsent: true });
        return { commit, isFirst: true };
      } catch (error) {
        if (errorCode(error) !== 'ALREADY_EXISTS') throw error;
        return { commit: await read(commit.index), isFirst: false };
      }
    },
    read,
    async *unknown(isKnown) {
      const indices: number[] = [];
      for await (const { key } of store.list(COMMITS)) {
        if (!isKnown(indexOfKey(key))) indices.push(indexOfKey(key));
      }
      for await (const commit of readAhead(indices, readIfThere)) if (commit !== undefined) yield commit;
    },
    async *range(from, to) {
      const indices = function* (): Generator<number> {
        for (let index = from; index < to; index++) yield index;
      };
      for await (const commit of readAhead(indices(), readIfThere)) if (commit !== undefined) yield commit;
    },
  };
}

async function* readAhead<R>(
  indices: Iterable<number>,
  read: (index: number) => Promise<R>,
): AsyncGenerator<R> {
  const reading: Promise<R>[] = [];
  for (const index of indices) {
    const next = read(index);
    next.catch(() => undefined);
    reading.push(next);
    if (reading.length >= READ_AHEAD) yield (await reading.shift()) as R;
  }
  for (const next of reading) yield await next;
}

/** Of a job: its id, and what decides its labels, so that another job of this id does not find these commits. */
export function ledgerFolder(id: string, spec: LabelingSpec, checkpointDigest: string): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([checkpointDigest, spec.pool?.uri, spec.pool?.limit, spec.shardSize]));
  hash.update(LabelingOptions.encode(spec.options ?? LabelingOptions.fromPartial({})).finish());
  if (spec.teacher !== undefined) hash.update(Teacher.encode(spec.teacher).finish());
  return `ledger/${id}-${hash.digest('hex').slice(0, 8)}`;
}
