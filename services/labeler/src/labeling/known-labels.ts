import type { PoolEntry } from '@cassl/datasets';
import { openKnownLabels, openLabelSet, type KnownLabels, type LabeledRow } from '@cassl/labels';
import type { LabelingShard } from '@cassl/proto';
import { labelSource } from './label-source.ts';

/** One job at a time is usual; a second covers the change from one job to the next. */
const OPEN_SETS = 2;
const NONE: ReadonlyMap<string, LabeledRow> = new Map();

/** The label sets that shards name as known, each opened once for the shards that follow each other. */
export interface KnownLabelSets {
  /**
   * Of a shard's images the rows that its known set has under their keys.
   * @throws NOT_FOUND, DATA_LOSS, INVALID_ARGUMENT where the set cannot be read (any more)
   */
  among(shard: LabelingShard, entries: readonly PoolEntry[]): Promise<ReadonlyMap<string, LabeledRow>>;
}

export function keepKnownLabels(): KnownLabelSets {
  const open = new Map<string, Promise<KnownLabels>>();
  const openFor = (shard: LabelingShard): Promise<KnownLabels> => {
    const source = labelSource(shard);
    const name = JSON.stringify([shard.knownLabels, source]);
    const opening =
      open.get(name) ?? openLabelSet(shard.knownLabels).then((set) => openKnownLabels(set, source));
    // The one used last stands last.
    open.delete(name);
    open.set(name, opening);
    // Whoever comes next tries again.
    opening.catch(() => open.delete(name));
    const [oldest] = open.keys();
    if (open.size > OPEN_SETS && oldest !== undefined) open.delete(oldest);
    return opening;
  };
  return {
    async among(shard, entries) {
      if (shard.knownLabels === '') return NONE;
      return (await openFor(shard)).among(entries.map(({ key }) => key));
    },
  };
}
