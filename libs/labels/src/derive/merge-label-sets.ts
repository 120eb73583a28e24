import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { ObjectStore } from '@cassl/storage';
import type { LabelRow } from '../file/label-row.ts';
import { headerLine, type LabelFileEntry, type LabelSource } from '../set/label-set-format.ts';
import { labelFileKey } from '../set/label-set-keys.ts';
import type { LabelSet } from '../set/open-label-set.ts';
import { writeRows } from '../set/write-label-file.ts';
import type { LabelSetDraft } from './draft.ts';
import { openLabelLookup, type LabelLookup } from './label-lookup.ts';

export const overlapRules = ['refuse', 'first'] as const;
/** An image in two sets: an error that names it, or the labels of the set named first. */
export type OverlapRule = (typeof overlapRules)[number];

export interface MergeOptions {
  /** Where the merged set goes; label files that lie elsewhere are copied there. */
  readonly store: ObjectStore;
  /** @default 'refuse' */
  readonly overlap?: OverlapRule | undefined;
}

/**
 * Several label sets as one, each image once. Sources stay apart, so that what one teacher labeled can be taken out again.
 * @throws INVALID_ARGUMENT for fewer than two sets or unequal thresholds; FAILED_PRECONDITION naming an image in two sets.
 */
export function mergeLabelSets(
  sets: readonly LabelSet[],
  { store, overlap = 'refuse' }: MergeOptions,
): LabelSetDraft {
  const threshold = commonThreshold(sets);
  const { sources, indexOf } = joinSources(sets);
  return {
    header: { threshold, sources },
    async *files() {
      const earlier: LabelLookup[] = [];
      for (const set of sets) {
        for await (const file of set.files()) {
          const source = indexOf(set, file.source);
          const taken = await takenKeys(set, file, earlier);
          const [key] = taken;
          if (key === undefined) {
            await copyFile(set, file, store);
            yield { ...file, source };
          } else if (overlap === 'refuse') {
            throw failedPrecondition(
              `image ${key} is in ${set.address} and in a set before it; with first_wins (\`cassl labels merge --first-wins\`) it keeps the labels of the first`,
            );
          } else {
            const rest = await writeRows(store, without(set, file, taken), { threshold, source });
            if (rest.images > 0) yield rest;
          }
        }
        earlier.push(await openLabelLookup(set));
      }
    },
  };
}

function commonThreshold(sets: readonly LabelSet[]): number {
  const [first, ...others] = sets;
  if (first === undefined || others.length === 0) {
    throw invalidArgument(`merge needs at least two label sets, got ${sets.length}`);
  }
  const { threshold } = first.header;
  for (const { digest, header } of others) {
    if (header.threshold === threshold) continue;
    throw invalidArgument(
      `merge needs one threshold: ${first.digest} has ${threshold}, ${digest} has ${header.threshold}; change one first`,
    );
  }
  return threshold;
}

/** Equal sources of several sets become one. */
function joinSources(sets: readonly LabelSet[]): {
  sources: LabelSource[];
  indexOf: (set: LabelSet, source: number) => number;
} {
  const nameOf = (source: LabelSource): string => headerLine({ threshold: 0, sources: [source] });
  const byName = new Map<string, LabelSource>();
  for (const source of sets.flatMap(({ header }) => header.sources)) byName.set(nameOf(source), source);
  const names = [...byName.keys()];
  return {
    sources: [...byName.values()],
    indexOf: (set, source) => names.indexOf(nameOf(set.header.sources[source]!)),
  };
}

async function takenKeys(
  set: LabelSet,
  file: LabelFileEntry,
  earlier: readonly LabelLookup[],
): Promise<ReadonlySet<string>> {
  const taken = new Set<string>();
  if (earlier.length === 0) return taken;
  const keys: string[] = [];
  for await (const { key } of set.allRowsOf(file)) keys.push(key);
  for (const lookup of earlier) for (const key of (await lookup.among(keys)).keys()) taken.add(key);
  return taken;
}

async function* without(
  set: LabelSet,
  file: LabelFileEntry,
  taken: ReadonlySet<string>,
): AsyncGenerator<LabelRow> {
  for await (const row of set.allRowsOf(file)) if (!taken.has(row.key)) yield row;
}

async function copyFile(from: LabelSet, { digest, bytes }: LabelFileEntry, to: ObjectStore): Promise<void> {
  const key = labelFileKey(digest);
  if (from.store.uri === to.uri || (await to.head(key)) !== undefined) return;
  await to.put(key, from.store.get(key), { sizeBytes: bytes, expectedDigest: digest });
}
