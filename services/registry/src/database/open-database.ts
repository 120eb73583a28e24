import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { importPglite } from './import-pglite.ts';
import { migrate } from './migrations/migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Database } from './schema.ts';
import { openSqlite } from './sqlite.ts';

export interface OpenDatabase {
  readonly db: Kysely<Database>;
  /** Made with the database and kept in every backup of it; the blob store is marked with it. */
  readonly id: string;
  /** Several processes may share it. */
  readonly isShared: boolean;
  close(): Promise<void>;
}

/**
 * Opens PostgreSQL at `databaseUrl`, or SQLite in the data folder, and brings its tables up to date.
 * @throws UNAVAILABLE when PostgreSQL does not answer, FAILED_PRECONDITION when another process uses the folder
 */
export async function openDatabase(options: {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
}): Promise<OpenDatabase> {
  const { dataDir, databaseUrl } = options;
  const isShared = databaseUrl !== undefined;
  const db = isShared ? await openPostgres(databaseUrl) : await openSqlite(dataDir);
  try {
    await migrate(db, isShared ? 'postgres' : 'sqlite');
    if (!isShared) await importPglite(db, dataDir);
    return { db, id: await databaseId(db), isShared, close: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function databaseId(db: Kysely<Database>): Promise<string> {
  await db
    .insertInto('settings')
    .values({ name: 'id', value: randomUUID() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const { value } = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', 'id')
    .executeTakeFirstOrThrow();
  return value;
}
