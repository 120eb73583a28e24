import { newTables, SQLITE_TYPES } from './tables.ts';

const { time, bytes, json, name } = SQLITE_TYPES;

/** The whole schema, as PostgreSQL has it after its second migration. */
export const SQLITE_START: readonly string[] = [
  `create table checkpoints (
    sequence integer primary key autoincrement,
    digest text not null unique,
    size_bytes bigint not null,
    tensor_count integer not null,
    parameter_count bigint not null,
    stage text not null,
    manifest ${json} not null,
    created_at ${time} not null,
    seal text,
    damage text,
    verified_at ${time}
  )`,
  `create table checkpoint_parents (
    digest text not null references checkpoints (digest) on delete cascade,
    parent text not null,
    primary key (digest, parent)
  )`,
  `create index checkpoint_parents_parent on checkpoint_parents (parent)`,
  `create table aliases (alias ${name} primary key, digest text references checkpoints (digest), rule ${json})`,
  `create index aliases_digest on aliases (digest)`,
  `create table alias_changes (
    sequence integer primary key autoincrement,
    alias ${name} not null,
    digest text not null,
    previous_digest text not null,
    reason text not null,
    changed_at ${time} not null,
    kind text not null,
    actor text not null,
    revision text not null
  )`,
  `create index alias_changes_alias on alias_changes (alias, sequence)`,
  `create unique index alias_changes_revision on alias_changes (alias, revision)`,
  `create table evaluations (
    sequence integer primary key autoincrement,
    digest text not null references checkpoints (digest) on delete cascade,
    id text not null,
    evaluation ${json} not null,
    unique (digest, id)
  )`,
  `create table changes (
    sequence integer primary key,
    change ${bytes} not null,
    event ${bytes},
    created_at ${time} not null
  )`,
  ...newTables(SQLITE_TYPES),
  `insert into counters (name, value) values ('changes', 0)`,
];
