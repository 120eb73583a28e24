import type { Checkpoint } from '@cassl/proto';
import { Manifest } from '@cassl/proto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { asDate, asJson, type Database } from '../database/schema.ts';

type Row = Selectable<Database['checkpoints']>;

/** Turns rows into messages, with the aliases that point to them now. */
export async function readCheckpoints(
  db: Kysely<Database> | Transaction<Database>,
  rows: readonly Row[],
): Promise<Checkpoint[]> {
  if (rows.length === 0) return [];
  const digests = rows.map(({ digest }) => digest);
  const aliases = await db
    .selectFrom('aliases')
    .select(['alias', 'digest'])
    .where('digest', 'in', digests)
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
  if (digests.length === 0) return [];
  const rows = await db.selectFrom('checkpoints').selectAll().where('digest', 'in', digests).execute();
  const order = new Map(digests.map((digest, index) => [digest, index]));
  rows.sort((a, b) => (order.get(a.digest) ?? 0) - (order.get(b.digest) ?? 0));
  return readCheckpoints(db, rows);
}

/** `undefined` when it is not published. */
export async function readCheckpoint(
  db: Kysely<Database> | Transaction<Database>,
  digest: string,
): Promise<Checkpoint | undefined> {
  return (await readCheckpointsByDigest(db, [digest]))[0];
}
