import type { Checkpoint } from '@cassl/proto';
import { Manifest } from '@cassl/proto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { asDate, asJson, type Database } from '../database/schema.ts';

type Row = Selectable<Database['checkpoints']>;

/** Of one checkpoint in an answer; ListAliases tells all. */
const MAX_ALIASES = 1_000;
/** SQLite takes 32,766 values in a statement, and a generation of a lineage may be larger. */
const DIGESTS_AT_ONCE = 1_000;

/** Turns rows into messages, with the first thousand aliases that point to them now. */
export async function readCheckpoints(
  db: Kysely<Database> | Transaction<Database>,
  rows: readonly Row[],
): Promise<Checkpoint[]> {
  if (rows.length === 0) return [];
  const digests = rows.map(({ digest }) => digest);
  const ranked = db
    .selectFrom('aliases')
    .select(({ fn }) => [
      'alias',
      'digest',
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('digest').orderBy('alias'))
        .as('rank'),
    ])
    .where('digest', 'in', digests)
    .as('ranked');
  const aliases = await db
    .selectFrom(ranked)
    .select(['alias', 'digest'])
    .where('rank', '<=', MAX_ALIASES)
    .orderBy('alias')
    .execute();
  return rows.map((row) => ({
    digest: row.digest,
    sizeBytes: Number(row.size_bytes),
    tensorCount: row.tensor_count,
    parameterCount: Number(row.parameter_count),
    manifest: Manifest.fromJSON(asJson(row.manifest)),
    createdAt: asDate(row.created_at),
    aliases: aliases.filter(({ digest }) => digest === row.digest).map(({ alias }) => alias),
    damage: row.damage ?? '',
  }));
}

/** Those that are published, in the order asked for. */
export async function readCheckpointsByDigest(
  db: Kysely<Database> | Transaction<Database>,
  digests: readonly string[],
): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  for (let from = 0; from < digests.length; from += DIGESTS_AT_ONCE) {
    const some = digests.slice(from, from + DIGESTS_AT_ONCE);
    const rows = await db.selectFrom('checkpoints').selectAll().where('digest', 'in', some).execute();
    const order = new Map(some.map((digest, index) => [digest, index]));
    rows.sort((a, b) => (order.get(a.digest) ?? 0) - (order.get(b.digest) ?? 0));
    found.push(...(await readCheckpoints(db, rows)));
  }
  return found;
}

/** `undefined` when it is not published. */
export async function readCheckpoint(
  db: Kysely<Database> | Transaction<Database>,
  digest: string,
): Promise<Checkpoint | undefined> {
  return (await readCheckpointsByDigest(db, [digest]))[0];
}
