import type { ColumnType, Generated } from 'kysely';

/** pg gives 64-bit integers as strings, PGlite as numbers. */
type BigIntColumn = ColumnType<string | number, number, never>;
type GeneratedBigInt = ColumnType<string | number, never, never>;
type JsonColumn = ColumnType<unknown, unknown, never>;

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
    created_at: Generated<Date>;
  };
  checkpoint_parents: { digest: string; parent: string };
  aliases: { alias: string; digest: string };
  /** Only ever appended to. */
  alias_changes: {
    sequence: GeneratedBigInt;
    alias: string;
    digest: string;
    previous_digest: string;
    reason: string;
    changed_at: Date;
  };
  evaluations: {
    digest: string;
    id: string;
    /** `Evaluation` in protobuf's JSON. */
    evaluation: JsonColumn;
    sequence: GeneratedBigInt;
  };
  /** What watchers and the event relay still have to tell. */
  changes: {
    sequence: GeneratedBigInt;
    /** `RegistryServiceWatchResponse`, encoded. */
    change: Uint8Array;
    /** `Event`, encoded, until it is with nats-server; null when there is nothing to publish. */
    event: Uint8Array | null;
    created_at: Generated<Date>;
  };
}
