/** The types whose names differ between the two databases. */
export interface ColumnTypes {
  readonly time: string;
  readonly bytes: string;
  readonly json: string;
  /** Text that sorts by its bytes. */
  readonly name: string;
}

export const POSTGRES_TYPES: ColumnTypes = {
  time: 'timestamptz',
  bytes: 'bytea',
  json: 'jsonb',
  name: 'text collate "C"',
};
export const SQLITE_TYPES: ColumnTypes = { time: 'text', bytes: 'blob', json: 'text', name: 'text' };

/** Tables of the second schema that both databases make in the same words. */
export function newTables({ time, bytes, name }: ColumnTypes): string[] {
  return [
    `create table checkpoint_tags (
      digest text not null references checkpoints (digest) on delete cascade,
      key text not null,
      value text not null,
      primary key (digest, key)
    )`,
    `create index checkpoint_tags_key on checkpoint_tags (key, value)`,
    `create table counters (name text primary key, value bigint not null)`,
    `create table uploads (
      digest text primary key,
      size_bytes bigint not null,
      state text,
      updated_at ${time} not null
    )`,
    `create table leases (name ${name} primary key, owner text not null, expires_at ${time} not null)`,
    `create table derived_files (
      digest text not null references checkpoints (digest) on delete cascade,
      view text not null,
      size_bytes bigint not null,
      sha256 text not null,
      layout ${bytes} not null,
      primary key (digest, view)
    )`,
    `create index derived_files_sha256 on derived_files (sha256)`,
    `create table webhooks (
      id text primary key,
      url text not null,
      secret text not null,
      alias_prefix text not null,
      created_at ${time} not null,
      position bigint not null,
      last_error text not null default ''
    )`,
    `create table settings (name text primary key, value text not null)`,
  ];
}
