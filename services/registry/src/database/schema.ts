import type { ColumnType, Generated } from 'kysely';

/** pg gives 64-bit integers as strings, SQLite as numbers. */
type BigIntColumn = ColumnType<string | number, number, number>;
type GeneratedBigInt = ColumnType<string | number, never, never>;
/** `jsonb` in PostgreSQL, which gives it parsed; text in SQLite. Read it with `asJson`. */
type JsonColumn = ColumnType<unknown, string, string>;
/** `timestamptz` in PostgreSQL; ISO 8601 text in SQLite, so that both compare and sort by time. Read it with `asDate`. */
type TimeColumn = ColumnType<Date | string, Date, Date>;
type Nullable<Column> =
  Column extends ColumnType<infer Read, infer Insert, infer Update>
    ? ColumnType<Read | null, Insert | null | undefined, Update | null>
    : never;

export interface Database {
  checkpoints: {
    digest: string;
    /** Order of publication. */
    sequence: GeneratedBigInt;
    size_bytes: BigIntColumn;
    tensor_count: number;
    parameter_count: BigIntColumn;
    stage: string;
    /** `Manifest` in protobuf's JSON. */
    manifest: JsonColumn;
    created_at: TimeColumn;
    /** The stored file's version when its bytes were last known to be right, or found wrong. */
    seal: string | null;
    /** Why it is not served; null when nothing is wrong. */
    damage: string | null;
    verified_at: Nullable<TimeColumn>;
  };
  /** Every checkpoint that another needs: its parents and the teachers of its labels. */
  checkpoint_parents: { digest: string; parent: string };
  checkpoint_tags: { digest: string; key: string; value: string };
  /** A row stays after its alias was deleted, with a null digest: it is what movers lock. */
  aliases: {
    alias: string;
    digest: string | null;
    rule: Nullable<JsonColumn>;
    /** Not null where a Hub client made it as a tag. */
    tag_message: Nullable<ColumnType<string>>;
  };
  /** Only ever appended to. */
  alias_changes: {
    sequence: GeneratedBigInt;
    alias: string;
    /** Empty after a deletion. */
    digest: string;
    previous_digest: string;
    reason: string;
    changed_at: TimeColumn;
    /** `AliasChangeKind`. */
    kind: string;
    actor: string;
    /** 40 hex digits; see `revisionOf`. */
    revision: string;
    /** Files beside the weights, `{path: sha256}`; see `FileSet`. */
    files: Nullable<JsonColumn>;
  };
  /** What file sets name, by content. */
  small_files: { sha256: string; content: Uint8Array };
  /** Repositories that a Hub client made; those with an alias need no row. */
  repositories: { id: string; created_by: string; created_at: TimeColumn };
  /** Files that were committed to an alias before its first weights. */
  drafts: { alias: string; files: JsonColumn; revision: string; changed_at: TimeColumn };
  /** Files that are stored whole and wait for the commit that publishes them. */
  staged_files: {
    digest: string;
    size_bytes: BigIntColumn;
    tensor_count: number;
    parameter_count: BigIntColumn;
    seal: string;
    staged_at: TimeColumn;
  };
  evaluations: {
    digest: string;
    id: string;
    /** `Evaluation` in protobuf's JSON. */
    evaluation: JsonColumn;
    sequence: GeneratedBigInt;
  };
  /** What watchers, webhooks and the event relay still have to tell. */
  changes: {
    /** From the counter "changes": in the order of commits. */
    sequence: BigIntColumn;
    /** `RegistryServiceWatchResponse`, encoded. */
    change: Uint8Array;
    /** `Event`, encoded, until it is with nats-server; null when there is nothing to publish. */
    event: Uint8Array | null;
    created_at: TimeColumn;
  };
  counters: { name: string; value: BigIntColumn };
  /** Unfinished uploads, and who works on a digest now; see `holdLease`. */
  uploads: {
    digest: string;
    size_bytes: BigIntColumn;
    /** What the blob store needs to go on, JSON; null when it needs nothing. */
    state: string | null;
    updated_at: TimeColumn;
  };
  /** Work that one replica at a time does. */
  leases: { name: string; owner: string; expires_at: TimeColumn };
  /** Small files that views make of a checkpoint, or what they need to make them again. */
  derived_files: {
    digest: string;
    view: string;
    size_bytes: BigIntColumn;
    sha256: string;
    layout: Uint8Array;
  };
  webhooks: {
    id: string;
    url: string;
    secret: string;
    alias_prefix: string;
    created_at: TimeColumn;
    /** The newest change that was delivered. */
    position: BigIntColumn;
    last_error: Generated<string>;
  };
  /** Facts about the database itself, for example its "id". */
  settings: { name: string; value: string };
}

export function asDate(value: Date | string): Date {
  return typeof value === 'string' ? new Date(value) : value;
}

export function asJson(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
}
