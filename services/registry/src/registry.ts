import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aborted } from '@cassl/errors';
import { openStore, type ObjectStore } from '@cassl/storage';
import type { Kysely } from 'kysely';
import { openDatabase } from './database/open-database.ts';
import type { Database } from './database/schema.ts';
import { openUploads, type Uploads } from './checkpoints/uploads.ts';

/** What every operation of the registry works on. */
export interface Registry {
  readonly db: Kysely<Database>;
  /** Checkpoint files by content. */
  readonly blobs: ObjectStore;
  readonly uploads: Uploads;
  /** Emits 'change' after a change was committed by this process. */
  readonly changed: EventEmitter;
  /** Runs alone for one digest in this process; ABORTED when another does already. */
  exclusively<T>(digest: string, action: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly dataDir: string;
  readonly blobsUri?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const dataDir = resolve(options.dataDir);
  const database = await openDatabase({ dataDir, databaseUrl: options.databaseUrl });
  const busy = new Set<string>();
  const changed = new EventEmitter();
  changed.setMaxListeners(0);
  return {
    db: database.db,
    blobs: openStore(options.blobsUri ?? pathToFileURL(dataDir).href),
    uploads: await openUploads(dataDir),
    changed,
    async exclusively(digest, action) {
      if (busy.has(digest))
        throw aborted(`checkpoint ${digest} is being uploaded or deleted; try again later`);
      busy.add(digest);
      try {
        return await action();
      } finally {
        busy.delete(digest);
      }
    },
    close: () => database.close(),
  };
}
