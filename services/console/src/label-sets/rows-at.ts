import type { LabelRow } from '@cassl/labels';
import type { OpenedSet } from './opened-sets.ts';

/** Decoded label files, the last few of all sets: a page asks for neighbours, and its thumbnails for the same rows again. */
const MOST_FILES = 64;
const decoded = new Map<string, Promise<readonly LabelRow[]>>();

/** The images at [from, from + count) of a set; only the files that hold them are read. */
export async function rowsAt(opened: OpenedSet, from: number, count: number): Promise<readonly LabelRow[]> {
  const { starts } = opened;
  const rows: LabelRow[] = [];
  for (let file = fileAt(starts, from); file < opened.files.length && rows.length < count; file++) {
    const all = await rowsOfFile(opened, file);
    const skip = Math.max(0, from - (starts[file] ?? 0));
    rows.push(...all.slice(skip, skip + count - rows.length));
  }
  return rows;
}

/** All images of one file of a set. */
function rowsOfFile({ set, files }: OpenedSet, index: number): Promise<readonly LabelRow[]> {
  const file = files[index];
  if (file === undefined) return Promise.resolve([]);
  const name = `${set.address} ${file.digest}`;
  const rows = decoded.get(name) ?? collect(set.rowsOf(file));
  decoded.delete(name);
  decoded.set(name, rows);
  rows.catch(() => decoded.delete(name));
  for (const oldest of decoded.keys()) if (decoded.size > MOST_FILES) decoded.delete(oldest);
  return rows;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
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
