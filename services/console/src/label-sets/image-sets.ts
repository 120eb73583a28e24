import type { ImageLocation } from '@cassl/labels';
import { createOpenedSets, type OpenedSet, type OpenedSets } from './opened-sets.ts';
import { rowsAt } from './rows-at.ts';
import { isEverything, selectImages, type ImageFilter } from './select-images.ts';
import { startColumns, type SetColumns } from './set-columns.ts';
import { shownImage, type ShownImage } from './shown-image.ts';
import type { Truth } from './truth.ts';

/** Images that a filter leaves, in its order; of a page that would take long only the first. */
export interface ImagePage {
  readonly images: readonly ShownImage[];
  /** Images that the filter leaves. */
  readonly total: number;
  /** Images looked at so far; below the set's number of images the total still grows. */
  readonly seen: number;
}

export interface PageRequest {
  readonly address: string;
  readonly truth: Truth | undefined;
  readonly filter: ImageFilter;
  readonly from: number;
  readonly count: number;
  readonly masks: boolean;
}

export interface ImageSets extends OpenedSets {
  page(request: PageRequest): Promise<ImagePage>;
  /** Where an image lies. @throws nothing: undefined beyond the end */
  at(address: string, position: number): Promise<ImageLocation | undefined>;
}

/** Columns of so many sets stay: 30 MB for 10^6 images each. */
const MOST_COLUMNS = 3;
const PAGE_MS = 100;

/** Answers what pages ask about label sets: without a filter from the index alone, with one from columns in memory. */
export function createImageSets(): ImageSets {
  const sets = createOpenedSets();
  const kept = new Map<string, Scanned>();

  function scanned(opened: OpenedSet, truth: Truth | undefined): Scanned {
    const name = `${opened.set.address} ${truth?.digest ?? ''}`;
    const known = kept.get(name) ?? { columns: startColumns(opened, truth), selection: undefined };
    kept.delete(name);
    kept.set(name, known);
    for (const oldest of kept.keys()) if (kept.size > MOST_COLUMNS) kept.delete(oldest);
    if (known.columns.error !== undefined) {
      kept.delete(name);
      throw known.columns.error as Error;
    }
    return known;
  }

  return {
    ...sets,
    async page(request) {
      const { address, truth, filter, from, count } = request;
      const opened = await sets.open(address);
      const total = opened.set.totals.images;
      if (isEverything(filter)) {
        const rows = await rowsAt(opened, from, count);
        const images = rows.map((row, index) => shownImage(row, from + index, request));
        return { images, total, seen: total };
      }
      const scan = scanned(opened, truth);
      const positions = selected(scan, filter);
      const images: ShownImage[] = [];
      const startedAt = performance.now();
      for (const position of positions.subarray(from, from + count)) {
        // Neighbours of an order lie in files far from each other: who asked gets what is ready, and asks for the rest.
        if (images.length > 0 && performance.now() - startedAt > PAGE_MS) break;
        for (const row of await rowsAt(opened, position, 1)) images.push(shownImage(row, position, request));
      }
      return { images, total: positions.length, seen: scan.columns.done };
    },
    async at(address, position) {
      const [row] = await rowsAt(await sets.open(address), position, 1);
      return row?.location;
    },
  };
}

interface Scanned {
  readonly columns: SetColumns;
  /** Of the last filter: pages of one list ask with the same one. */
  selection: { readonly name: string; readonly positions: Uint32Array } | undefined;
}

function selected(scan: Scanned, filter: ImageFilter): Uint32Array {
  const name = `${JSON.stringify(filter)} ${scan.columns.done}`;
  if (scan.selection?.name !== name) scan.selection = { name, positions: selectImages(scan.columns, filter) };
  return scan.selection.positions;
}
