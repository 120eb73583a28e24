import type { ImageLocation } from '@cassl/labels';
import { hasClasses } from './detection-sets.ts';
import { createOpenedSets, type OpenedSet, type OpenedSets } from './opened-sets.ts';
import { rowsAt } from './rows-at.ts';
import { isEverything, selectImages, type ImageFilter } from './select-images.ts';
import { scanSet, type SetScan } from './scan-set.ts';
import { seenOf } from './set-columns.ts';
import type { ShownImage } from '../contract/shown-image.ts';
import { shownImage } from './shown-image.ts';
import type { OpenTruth } from './truth.ts';

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
  /** With the data set that it was read from, for the thread that compares every image with it. */
  readonly truth: OpenTruth | undefined;
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

/**
 * Answers what pages ask about label sets: without a filter from the index alone, with one from columns in memory.
 * @param ownFolder of `createDetectionSets`
 */
export function createImageSets(ownFolder: string): ImageSets {
  const sets = createOpenedSets(ownFolder);
  const kept = new Map<string, Scanned>();

  function scanned(opened: OpenedSet, truth: PageRequest['truth']): Scanned {
    const name = `${opened.set.address} ${truth?.dataset.annotationsUri ?? ''}`;
    const known = kept.get(name) ?? {
      scan: scanSet(
        { address: opened.set.address, ownFolder, truth: truth?.dataset },
        opened.set.totals.images,
      ),
      selection: undefined,
    };
    kept.delete(name);
    kept.set(name, known);
    for (const [oldest, { scan }] of kept) {
      if (kept.size <= MOST_COLUMNS) break;
      scan.stop();
      kept.delete(oldest);
    }
    const error = known.scan.error();
    if (error === undefined) return known;
    kept.delete(name);
    throw error;
  }

  return {
    ...sets,
    async page(request) {
      const { address, truth, filter, from, count } = request;
      const opened = await sets.open(address);
      const total = opened.set.totals.images;
      const withClasses = hasClasses(opened.set);
      if (isEverything(filter)) {
        const rows = await rowsAt(opened, from, count);
        const images = rows.map((row, index) => shownImage(row, from + index, { ...request, withClasses }));
        return { images, total, seen: total };
      }
      const { positions, seen } = selected(scanned(opened, truth), filter);
      const images: ShownImage[] = [];
      const startedAt = performance.now();
      for (const position of positions.subarray(from, from + count)) {
        // Neighbours of an order lie in files far from each other: who asked gets what is ready, and asks for the rest.
        if (images.length > 0 && performance.now() - startedAt > PAGE_MS) break;
        for (const row of await rowsAt(opened, position, 1))
          images.push(shownImage(row, position, { ...request, withClasses }));
      }
      return { images, total: positions.length, seen };
    },
    async at(address, position) {
      const [row] = await rowsAt(await sets.open(address), position, 1);
      return row?.location;
    },
  };
}

interface Scanned {
  readonly scan: SetScan;
  /** Of the last filter: pages of one list ask with the same one. */
  selection: Selection | undefined;
}

interface Selection {
  readonly name: string;
  readonly madeAt: number;
  readonly seen: number;
  readonly positions: Uint32Array;
}

/** While a scan goes on, a selection stays for a moment: else every page would make its own. */
const SELECTION_MS = 1000;

function selected(scanned: Scanned, filter: ImageFilter): Selection {
  const { columns } = scanned.scan;
  const name = JSON.stringify(filter);
  const now = performance.now();
  const seen = seenOf(columns);
  const last = scanned.selection;
  const isFresh = last?.name === name && (last.seen === seen || now - last.madeAt < SELECTION_MS);
  if (last !== undefined && isFresh) return last;
  return (scanned.selection = { name, madeAt: now, seen, positions: selectImages(columns, filter, seen) });
}
