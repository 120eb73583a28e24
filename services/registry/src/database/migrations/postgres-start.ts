/** The first schema, as it was released. */
export const POSTGRES_START: readonly string[] = [
  `create table checkpoints (
    digest text primary key,
    sequence bigint generated always as identity unique,
    size_bytes bigint not null,
    tensor_count integer not null,
    parameter_count bigint not null,
    stage text not null,
    manifest jsonb not null,
    created_at timestamptz not null default now()
  )`,
  `create table checkpoint_parents (
    digest text not null references checkpoints on delete cascade,
    parent text not null,
    primary key (digest, parent)
  )`,
  `create index checkpoint_parents_parent on checkpoint_parents (parent)`,
  `create table aliases (
    alias text primary key,
    digest text not null references checkpoints
  )`,
  `create index aliases_digest on aliases (digest)`,
  `create table alias_changes (
    sequence bigint generated always as identity primary key,
    alias text not null,
    digest text not null,
    previous_digest text not null,
    reason text not null,
    changed_at timestamptz not null
  )`,
  `create index alias_changes_alias on alias_changes (alias, sequence)`,
  `create table evaluations (
    digest text not null references checkpoints on delete cascade,
    id text not null,
    evaluation jsonb not null,
    sequence bigint generated always as identity,
    primary key (digest, id)
  )`,
  `create table changes (
    sequence bigint generated always as identity primary key,
    change bytea not null,
    event bytea,
    created_at timestamptz not null default now()
  )`,
];
