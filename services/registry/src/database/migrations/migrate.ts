import { errorMessage, internal } from '@cassl/errors';
import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import type { Database } from '../schema.ts';
import { hubPush } from './hub-push.ts';
import { postgresGates } from './postgres-gates.ts';
import { POSTGRES_START } from './postgres-start.ts';
import { SQLITE_START } from './sqlite-start.ts';
import { POSTGRES_TYPES, SQLITE_TYPES } from './tables.ts';

/** Never edit one that was released; add the next, for both. */
const MIGRATIONS: Readonly<Record<DatabaseKind, Readonly<Record<string, Migration>>>> = {
  postgres: {
    '0001-start': statements(POSTGRES_START),
    '0002-gates': { up: postgresGates },
    '0003-hub-push': statements(hubPush(POSTGRES_TYPES)),
  },
  sqlite: {
    '0002-gates': statements(SQLITE_START),
    '0003-hub-push': statements(hubPush(SQLITE_TYPES)),
  },
};

export type DatabaseKind = 'postgres' | 'sqlite';

function statements(all: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of all) await sql.raw(statement).execute(db);
    },
  };
}

/** Brings the tables up to date; replicas that start at the same time wait for the first. */
export async function migrate(db: Kysely<Database>, kind: DatabaseKind): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS[kind] }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined)
    throw internal(`cannot update the tables: ${errorMessage(error)}`, { cause: error });
}
