import type { LabelFileRows, LabelRow } from '@cassl/labels';
import type { OpenedSet } from './opened-sets.ts';

/** Label files in memory, the last few of all sets: a page asks for neighbours, and its thumbnails for the same rows again. */
const MOST_BYTES = 128e6;
const kept = new Map<string, Promise<LabelFileRows>>();
/** Of those that have been read. */
const sizes = new Map<string, number>();

/** The images at [from, from + count) of a set; only the files that hold them are read, and only they are parsed. */
export async function rowsAt(opened: OpenedSet, from: number, count: number): Promise<readonly LabelRow[]> {
  const { starts } = opened;
  const rows: LabelRow[] = [];
  for (let index = fileAt(starts, from); index < opened.files.length && rows.length < count; index++) {
    const file = await fileOf(opened, index);
    const first = Math.max(0, from - (starts[index] ?? 0));
    const end = Math.min(file.count, first + count - rows.length);
    for (let row = first; row < end; row++) rows.push(file.row(row));
  }
  return rows;
}

function fileOf({ set, files }: OpenedSet, index: number): Promise<LabelFileRows> {
  const file = files[index]!;
  const name = `${set.address} ${file.digest}`;
  const found = kept.get(name) ?? read(name, () => set.readFile(file));
  // Last used, last in.
  kept.delete(name);
  kept.set(name, found);
  return found;
}

function read(name: string, readFile: () => Promise<LabelFileRows>): Promise<LabelFileRows> {
  const reading = readFile();
  reading.then(
    ({ bytes }) => {
      sizes.set(name, bytes);
      forgetOldest();
    },
    () => kept.delete(name),
  );
  return reading;
}

function forgetOldest(): void {
  let left = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const name of kept.keys()) {
    if (left <= MOST_BYTES) return;
    const bytes = sizes.get(name);
    // One that is still being read is wanted.
    if (bytes === undefined) continue;
    left -= bytes;
    sizes.delete(name);
    kept.delete(name);
  }
}

/** The file that holds the image at a position: the last one that starts at or before it. */
function fileAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
