import { errorMessage, internal } from '@cassl/errors';
import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import type { Database } from './schema.ts';

/** Never edit one that was released; add the next. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-start': {
    async up(db: Kysely<never>) {
      for (const statement of [
        sql`create table checkpoints (
          digest text primary key,
          sequence bigint generated always as identity unique,
          size_bytes bigint not null,
          tensor_count integer not null,
          parameter_count bigint not null,
          stage text not null,
          manifest jsonb not null,
          created_at timestamptz not null default now()
        )`,
        sql`create table checkpoint_parents (
          digest text not null references checkpoints on delete cascade,
          parent text not null,
          primary key (digest, parent)
        )`,
        sql`create index checkpoint_parents_parent on checkpoint_parents (parent)`,
        sql`create table aliases (
          alias text primary key,
          digest text not null references checkpoints
        )`,
        sql`create index aliases_digest on aliases (digest)`,
        sql`create table alias_changes (
          sequence bigint generated always as identity primary key,
          alias text not null,
          digest text not null,
          previous_digest text not null,
          reason text not null,
          changed_at timestamptz not null
        )`,
        sql`create index alias_changes_alias on alias_changes (alias, sequence)`,
        sql`create table evaluations (
          digest text not null references checkpoints on delete cascade,
          id text not null,
          evaluation jsonb not null,
          sequence bigint generated always as identity,
          primary key (digest, id)
        )`,
        sql`create table changes (
          sequence bigint generated always as identity primary key,
          change bytea not null,
          event bytea,
          created_at timestamptz not null default now()
        )`,
      ]) {
        await statement.execute(db);
      }
    },
  },
};

export async function migrate(db: Kysely<Database>): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined)
    throw internal(`cannot update the tables: ${errorMessage(error)}`, { cause: error });
}
