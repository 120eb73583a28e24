import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, PGliteDialect } from 'kysely';
import { migrate } from './migrations/migrate.ts';
import type { Database } from './schema.ts';

/** Where releases before 0.2 kept their metadata, in PGlite. */
const OLD_FOLDER = 'metadata';
/** In the order of their references. */
const TABLES = [
  'checkpoints',
  'checkpoint_parents',
  'checkpoint_tags',
  'aliases',
  'alias_changes',
  'evaluations',
  'changes',
] as const;

/**
 * Takes over what an older release kept in PGlite: brings that database to today's tables, copies every row in one
 * transaction and keeps the old folder under another name. Killed at any moment, it begins again at the next start.
 */
export async function importPglite(db: Kysely<Database>, dataDir: string): Promise<void> {
  const folder = join(dataDir, OLD_FOLDER);
  if (!existsSync(join(folder, 'PG_VERSION'))) return;
  const { PGlite } = await import('@electric-sql/pglite');
  const pglite = await PGlite.create(folder);
  const old = new Kysely<Database>({ dialect: new PGliteDialect({ pglite }) });
  try {
    await migrate(old, 'postgres');
    await db.transaction().execute(async (transaction) => {
      // Rows that an earlier try committed before it was killed are the same rows.
      for (const table of [...TABLES].reverse()) await transaction.deleteFrom(table).execute();
      for (const table of TABLES) {
        for (const row of await old.selectFrom(table).selectAll().execute()) {
          await transaction.insertInto(table).values(toPortable(row)).execute();
        }
      }
      const { value } = await old
        .selectFrom('counters')
        .select('value')
        .where('name', '=', 'changes')
        .executeTakeFirstOrThrow();
      await transaction
        .updateTable('counters')
        .set({ value: Number(value) })
        .where('name', '=', 'changes')
        .execute();
    });
  } finally {
    await old.destroy();
  }
  await rename(folder, `${folder}.imported`);
}

/** JSON columns come parsed, and SQLite keeps them as text. */
function toPortable(row: object): Record<string, unknown> {
  const isJson = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, isJson(value) ? JSON.stringify(value) : value]),
  );
}
