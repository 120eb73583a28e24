import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, unavailable } from '@cassl/errors';
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely';
import { lockFolder } from './lock-folder.ts';
import { migrate } from './migrations.ts';
import type { Database } from './schema.ts';

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  close(): Promise<void>;
}

/**
 * Opens PostgreSQL at `databaseUrl`, or PGlite in the data folder, and brings its tables up to date.
 * @throws UNAVAILABLE when PostgreSQL does not answer, FAILED_PRECONDITION when another process uses the folder
 */
export async function openDatabase(options: {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
}): Promise<OpenDatabase> {
  const opened =
    options.databaseUrl === undefined
      ? await openPglite(options.dataDir)
      : await openPostgres(options.databaseUrl);
  try {
    await migrate(opened.db);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openPglite(dataDir: string): Promise<OpenDatabase> {
  const folder = join(dataDir, 'metadata');
  await mkdir(folder, { recursive: true });
  const unlock = await lockFolder(dataDir);
  // Loading PostgreSQL as WebAssembly takes a moment: only those who use it wait for it.
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create(folder);
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) });
  return {
    db,
    async close() {
      await db.destroy();
      if (!pglite.closed) await pglite.close();
      await unlock();
    },
  };
}

async function openPostgres(connectionString: string): Promise<OpenDatabase> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 10_000 });
  // An idle connection that breaks is replaced at the next query.
  pool.on('error', () => undefined);
  try {
    await pool.query('select 1');
  } catch (cause) {
    await pool.end();
    throw unavailable(`PostgreSQL at DATABASE_URL does not answer: ${errorMessage(cause)}`, { cause });
  }
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return { db, close: () => db.destroy() };
}
