import { isFailed, type LabeledRow } from '../file/label-row.ts';
import type { LabelSource } from '../set/label-set-format.ts';
import type { LabelSet } from '../set/open-label-set.ts';
import { openLabelLookup } from './label-lookup.ts';

type Wanted = Pick<LabelSource, 'teacher' | 'options' | 'scoreFloor'>;

export interface KnownLabels {
  /**
   * Of the images asked for (a shard of the new manifest), the rows that the set already has under their keys, labels down
   * to the floor. A row may be used again exactly where its `sha256` is the image's own: compare it with the bytes' digest
   * (or the manifest's, where it has one); another image stands under that key otherwise. Failed images are never known.
   */
  among(keys: readonly string[]): Promise<Map<string, LabeledRow>>;
}

/**
 * The labels of a set that a labeling with this teacher, these options and this floor would make again. A set of another
 * teacher, other prompts or options or another floor knows nothing.
 */
export async function openKnownLabels(set: LabelSet, wanted: Wanted): Promise<KnownLabels> {
  const same = new Set(
    set.header.sources.flatMap((source, index) => (makesSame(source, wanted) ? index : [])),
  );
  const raw: LabelSet = { ...set, rowsOf: (file) => set.allRowsOf(file) };
  const lookup = await openLabelLookup(raw, ({ source }) => same.has(source));
  return {
    async among(keys) {
      const known = new Map<string, LabeledRow>();
      for (const [key, row] of await lookup.among(keys)) if (!isFailed(row)) known.set(key, row);
      return known;
    },
  };
}

function makesSame(source: Wanted, wanted: Wanted): boolean {
  return (
    source.teacher.digest === wanted.teacher.digest &&
    JSON.stringify(source.teacher.prompts) === JSON.stringify(wanted.teacher.prompts) &&
    source.scoreFloor === wanted.scoreFloor &&
    canonical(source.options) === canonical(wanted.options)
  );
}

function canonical(options: LabelSource['options']): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
}
