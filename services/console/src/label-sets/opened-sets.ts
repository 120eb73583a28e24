import type { LabelFileEntry, LabelSet } from '@cassl/labels';
import { openSet } from './detection-sets.ts';

/** A label set whose index is in memory: 0.6 kB a file, so 2.4 MB for 10^6 images. */
export interface OpenedSet {
  readonly set: LabelSet;
  readonly files: readonly LabelFileEntry[];
  /** Position of the first image of each file, and after them the number of all images. */
  readonly starts: readonly number[];
}

export interface OpenedSets {
  /** @throws as `openLabelSet`: NOT_FOUND, PERMISSION_DENIED outside of the allowed places, DATA_LOSS */
  open(address: string): Promise<OpenedSet>;
}

/** Sets never change, so the last few are kept open. */
export function createOpenedSets(ownFolder: string, most = 8): OpenedSets {
  const known = new Map<string, Promise<OpenedSet>>();
  return {
    open(address) {
      const opened = known.get(address) ?? openWhole(address, ownFolder);
      // Last used, last in.
      known.delete(address);
      known.set(address, opened);
      opened.catch(() => known.delete(address));
      for (const oldest of known.keys()) if (known.size > most) known.delete(oldest);
      return opened;
    },
  };
}

async function openWhole(address: string, ownFolder: string): Promise<OpenedSet> {
  const files: LabelFileEntry[] = [];
  const starts = [0];
  const set = await openSet(address, ownFolder, (file) => {
    files.push(file);
    starts.push((starts.at(-1) ?? 0) + file.images);
  });
  return { set, files, starts };
}
