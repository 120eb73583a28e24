import { sql, type Kysely } from 'kysely';
import { revisionOf } from '../../aliases/revision.ts';
import { asDate, asJson, type Database } from '../schema.ts';
import { newTables, POSTGRES_TYPES } from './tables.ts';

const STATEMENTS: readonly string[] = [
  `alter table checkpoints add column seal text, add column damage text, add column verified_at timestamptz`,
  `alter table aliases alter column digest drop not null, add column rule jsonb`,
  // Listing by prefix needs an order that no locale changes.
  `alter table aliases alter column alias type text collate "C"`,
  `alter table alias_changes alter column alias type text collate "C",
    add column kind text not null default 'ALIAS_CHANGE_KIND_MOVE',
    add column actor text not null default '',
    add column revision text not null default ''`,
  `alter table alias_changes alter column kind drop default, alter column actor drop default,
    alter column revision drop default`,
  `alter table changes alter column sequence drop identity`,
  ...newTables(POSTGRES_TYPES),
  `insert into counters (name, value) select 'changes', coalesce(max(sequence), 0) from changes`,
];

/** Gates, lineage, uploads and leases in the database; what is there keeps its meaning and gets revisions and searchable tags. */
export async function postgresGates(db: Kysely<Database>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await fillRevisions(db);
  await fillTags(db);
  await sql.raw(`create unique index alias_changes_revision on alias_changes (alias, revision)`).execute(db);
}

async function fillRevisions(db: Kysely<Database>): Promise<void> {
  const rows = await db
    .selectFrom('alias_changes')
    .selectAll()
    .orderBy('alias')
    .orderBy('sequence')
    .execute();
  const newest = new Map<string, string>();
  for (const row of rows) {
    const change = { ...row, changed_at: asDate(row.changed_at), files: undefined };
    const revision = revisionOf(newest.get(row.alias) ?? '', change);
    newest.set(row.alias, revision);
    await db.updateTable('alias_changes').set({ revision }).where('sequence', '=', row.sequence).execute();
  }
}

async function fillTags(db: Kysely<Database>): Promise<void> {
  for (const { digest, manifest } of await db
    .selectFrom('checkpoints')
    .select(['digest', 'manifest'])
    .execute()) {
    const { tags = {} } = asJson(manifest) as { tags?: Record<string, string> };
    const rows = Object.entries(tags).map(([key, value]) => ({ digest, key, value }));
    if (rows.length > 0) await db.insertInto('checkpoint_tags').values(rows).execute();
  }
}
