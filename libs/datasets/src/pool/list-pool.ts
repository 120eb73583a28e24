import { errorCode, errorMessage } from '@cassl/errors';
import { openRequestedStore, parseAddress, readablePath, type ObjectStore } from '@cassl/storage';
import { fileKind } from './file-kind.ts';
import type { PoolEntry } from './image-pool.ts';
import { readTarMembers } from './tar-members.ts';
import { walkFolder, type WalkedFile } from './walk-folder.ts';

/** An image of a pool, or something that is passed over, with the reason. */
export type PoolItem =
  | (PoolEntry & { readonly sizeBytes: number; readonly reason?: undefined })
  | { readonly key: string; readonly reason: string };

/** All that one file gives: itself, or the members of a tar file, which come in several lists. */
export interface PoolFile {
  readonly file: string;
  readonly items: readonly PoolItem[];
}

export interface ListPoolOptions {
  /** Only files after this one, in key order. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MEMBERS_AT_ONCE = 1024;

/** Every file of a pool in key order, and every member of its tar files, in batches; memory does not grow with their number. */
export async function* listPool(
  uri: string,
  { after, signal }: ListPoolOptions = {},
): AsyncGenerator<PoolFile> {
  const store = openRequestedStore('image pool', uri, 'read');
  for await (const files of listFiles(store, uri, { after, signal })) {
    for (const file of files) {
      signal?.throwIfAborted();
      if (file.reason !== undefined) {
        yield { file: file.key, items: [file] };
        continue;
      }
      const { key, sizeBytes } = file;
      const kind = fileKind(key);
      if (kind.kind === 'tar') yield* listMembers(store, { key, sizeBytes }, signal);
      else if (kind.kind === 'unread') yield { file: key, items: [{ key, reason: kind.reason }] };
      else yield { file: key, items: [{ key, sizeBytes, location: { store: store.uri, key } }] };
    }
  }
}

async function* listFiles(
  store: ObjectStore,
  uri: string,
  options: ListPoolOptions,
): AsyncGenerator<readonly WalkedFile[]> {
  const { after, signal } = options;
  if (parseAddress('image pool', uri).kind === 'file') {
    yield* walkFolder(await readablePath('image pool', uri), {
      ...(after === undefined ? {} : { after }),
      ...(signal === undefined ? {} : { signal }),
    });
    return;
  }
  const from = after === undefined ? {} : { after };
  for await (const { key, sizeBytes } of store.list('', signal === undefined ? from : { ...from, signal })) {
    // A key that ends in "/" and holds nothing is how consoles draw a folder.
    if (!key.endsWith('/')) yield [{ key, sizeBytes }];
    else if (sizeBytes > 0) yield [{ key, reason: 'a key that ends in "/", as no file\'s name does' }];
  }
}

/** Of one tar file, which is damaged, gone or cut since it was listed. */
const TAR_FAILURES: ReadonlySet<string> = new Set(['DATA_LOSS', 'NOT_FOUND', 'OUT_OF_RANGE']);

/** A tar file that cannot be read to its end gives what comes before, and is then named. */
async function* listMembers(
  store: ObjectStore,
  { key, sizeBytes }: { readonly key: string; readonly sizeBytes: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<PoolFile> {
  let items: PoolItem[] = [];
  const names = new Set<string>();
  try {
    for await (const member of readTarMembers(store, key, sizeBytes, signal)) {
      signal?.throwIfAborted();
      const name = `${key}/${member.name}`;
      if (member.reason !== undefined) {
        items.push({ key: name, reason: member.reason });
      } else if (names.has(member.name)) {
        items.push({ key: name, reason: 'a member before it in its tar file has the same name' });
      } else {
        names.add(member.name);
        const { start, end } = member;
        items.push({
          key: name,
          sizeBytes: end - start,
          location: { store: store.uri, key, range: { start, end } },
        });
      }
      if (items.length < MEMBERS_AT_ONCE) continue;
      yield { file: key, items };
      items = [];
    }
  } catch (error) {
    if (!TAR_FAILURES.has(errorCode(error))) throw error;
    items.push({ key, reason: errorMessage(error) });
  }
  yield { file: key, items };
}
