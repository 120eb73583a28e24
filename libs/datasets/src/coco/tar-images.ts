import { errorCode, errorMessage } from '@cassl/errors';
import type { ObjectStore } from '@cassl/storage';
import { plainKey } from '../addresses.ts';
import type { ImageLocation } from '../dataset.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readTarMembers } from '../pool/tar-members.ts';
import type { FoundImage, NoImage } from './found-image.ts';

export interface TarObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/** The images inside the tar files of a folder, by name. */
export interface TarImages {
  /** @param name the member's, or the tar file's and the member's: `shard-000.tar/a.jpg` */
  find(name: string): FoundImage | NoImage;
}

const TARS_AT_ONCE = 16;
const MISSING = 'file is missing';

/** Reads the headers of all tar files. One that is cut off or damaged gives what comes before, and is named where a member is missing. */
export async function listTarImages(
  store: ObjectStore,
  tars: readonly TarObject[],
  signal?: AbortSignal,
): Promise<TarImages> {
  const images = new Map<string, FoundImage>();
  /** Tar files that hold a member of this name, in the order in which their reading got there. */
  const holders = new Map<string, string[]>();
  const damaged: string[] = [];
  await mapConcurrently(tars, { limit: TARS_AT_ONCE, signal }, async ({ key, sizeBytes }) => {
    try {
      for await (const member of readTarMembers(store, key, sizeBytes, signal)) {
        if (member.reason !== undefined) continue;
        const { start, end } = member;
        const name = plainKey(member.name);
        const location: ImageLocation = { store: store.uri, key, range: { start, end } };
        images.set(`${key}/${name}`, { location, sizeBytes: end - start });
        const others = holders.get(name);
        if (others === undefined) holders.set(name, [key]);
        else if (!others.includes(key)) others.push(key);
      }
    } catch (error) {
      if (errorCode(error) !== 'DATA_LOSS') throw error;
      damaged.push(errorMessage(error));
    }
  });
  return {
    find(name) {
      const [holder, other] = holders.get(name)?.toSorted() ?? [];
      if (other !== undefined) {
        const detail = `${name} is in ${holder ?? ''} and in ${other}: put the tar file's name before it`;
        return { reason: 'file name is in several tar files', detail };
      }
      const found = images.get(holder === undefined ? name : `${holder}/${name}`);
      if (found !== undefined) return found;
      return {
        reason: MISSING,
        detail: [`${store.uri}/${name}`, ...damaged.toSorted().slice(0, 1)].join('; '),
      };
    },
  };
}
