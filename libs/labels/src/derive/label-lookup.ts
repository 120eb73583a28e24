import type { LabelRow } from '../file/label-row.ts';
import type { LabelFileEntry } from '../set/label-set-format.ts';
import type { LabelSet } from '../set/open-label-set.ts';

/** Finds rows by image key. Memory: one small entry a label file, and the rows of the few files read last. */
export interface LabelLookup {
  /** The rows under these keys, those the set has; where two files hold a key, the first file's. */
  among(keys: readonly string[]): Promise<Map<string, LabelRow>>;
}

/** Neighbouring shards of a tar pool may interleave, because members need not be sorted. */
const FILES_KEPT = 16;

export async function openLabelLookup(
  set: LabelSet,
  wants: (file: LabelFileEntry) => boolean = () => true,
): Promise<LabelLookup> {
  const files: LabelFileEntry[] = [];
  for await (const file of set.files()) {
    // Histograms are not needed here and are most of an entry's size.
    if (file.images > 0 && wants(file)) files.push({ ...file, scores: [], best: [] });
  }
  const order = files.map((_, index) => index).sort((a, b) => compare(files[a]!.keys[0], files[b]!.keys[0]));
  const reach = greatestSoFar(order.map((index) => files[index]!.keys[1]));
  const recent = new Map<number, Map<string, LabelRow>>();

  const rowsByKey = async (index: number): Promise<Map<string, LabelRow>> => {
    const known = recent.get(index);
    if (known !== undefined) return known;
    const rows = new Map<string, LabelRow>();
    for await (const row of set.rowsOf(files[index]!)) if (!rows.has(row.key)) rows.set(row.key, row);
    const [oldest] = recent.keys();
    if (recent.size >= FILES_KEPT && oldest !== undefined) recent.delete(oldest);
    recent.set(index, rows);
    return rows;
  };

  /** Files whose key interval meets [low, high], in the set's order. */
  const between = (low: string, high: string): number[] => {
    const found: number[] = [];
    let place = firstPast(order, (index) => files[index]!.keys[0] > high) - 1;
    for (; place >= 0 && reach[place]! >= low; place--) {
      const index = order[place]!;
      if (files[index]!.keys[1] >= low) found.push(index);
    }
    return found.sort((a, b) => a - b);
  };

  return {
    async among(keys) {
      const found = new Map<string, LabelRow>();
      if (keys.length === 0) return found;
      const sorted = [...keys].sort(compare);
      for (const index of between(sorted[0]!, sorted.at(-1)!)) {
        const [least, greatest] = files[index]!.keys;
        const asked = sorted.filter((key) => key >= least && key <= greatest && !found.has(key));
        if (asked.length === 0) continue;
        const rows = await rowsByKey(index);
        for (const key of asked) {
          const row = rows.get(key);
          if (row !== undefined) found.set(key, row);
        }
      }
      return found;
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function greatestSoFar(keys: readonly string[]): string[] {
  let greatest = '';
  return keys.map((key) => (greatest = key > greatest ? key : greatest));
}

/** Index of the first item for which `isPast` holds; items before it do not. */
function firstPast<Item>(items: readonly Item[], isPast: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
