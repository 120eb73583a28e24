import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { createLogger, type Logger } from '@cassl/rpc';
import type { Kysely } from 'kysely';
import type { BlobStore } from './blobs/blob-store.ts';
import { openBlobs } from './blobs/open-blobs.ts';
import { dropLeases } from './database/lease.ts';
import { openDatabase } from './database/open-database.ts';
import type { Database } from './database/schema.ts';

/** What every operation of the registry works on. */
export interface Registry {
  readonly db: Kysely<Database>;
  /** Checkpoint files by content. Read them through `openBlob`, which gives out no damaged one. */
  readonly blobs: BlobStore;
  /** Emits 'change' after a change was committed by this process. */
  readonly changed: EventEmitter;
  /** Verifications that run in this process, by digest: those who want the same file wait for one. */
  readonly verifying: Map<string, Promise<void>>;
  readonly logger: Logger;
  /** Where files may be sent by HTTP; `undefined` while no such port is open. */
  uploadPort: number | undefined;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly dataDir: string;
  readonly blobsUri?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly logger?: Logger | undefined;
}

export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const dataDir = resolve(options.dataDir);
  const database = await openDatabase({ dataDir, databaseUrl: options.databaseUrl });
  try {
    if (!database.isShared) await dropLeases(database.db);
    const blobs = await openBlobs(options.blobsUri ?? dataDir, database.id);
    const changed = new EventEmitter();
    changed.setMaxListeners(0);
    return {
      db: database.db,
      blobs,
      changed,
      verifying: new Map(),
      uploadPort: undefined,
      logger: options.logger ?? createLogger({ name: 'registry' }),
      async close() {
        blobs.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
