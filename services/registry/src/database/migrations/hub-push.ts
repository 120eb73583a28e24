import type { ColumnTypes } from './tables.ts';

/** What pushes through the Hub's API need: files beside the weights, repositories without weights yet, tags, uploads before their commit. */
export function hubPush({ time, bytes, json, name }: ColumnTypes): string[] {
  return [
    `alter table alias_changes add column files ${json}`,
    `alter table aliases add column tag_message text`,
    `create table small_files (sha256 text primary key, content ${bytes} not null)`,
    `create table repositories (
      id ${name} primary key,
      created_by text not null,
      created_at ${time} not null
    )`,
    `create table drafts (
      alias ${name} primary key,
      files ${json} not null,
      revision text not null,
      changed_at ${time} not null
    )`,
    `create table staged_files (
      digest text primary key,
      size_bytes bigint not null,
      tensor_count integer not null,
      parameter_count bigint not null,
      seal text not null,
      staged_at ${time} not null
    )`,
  ];
}
