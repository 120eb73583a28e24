import type { Checkpoint } from '@cassl/proto';
import { Manifest } from '@cassl/proto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../database/schema.ts';

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
    .selectAll()
    .where('digest', 'in', digests)
    .orderBy('alias')
    .execute();
  return rows.map((row) => ({
    digest: row.digest,
    sizeBytes: Number(row.size_bytes),
    tensorCount: row.tensor_count,
    parameterCount: Number(row.parameter_count),
    manifest: Manifest.fromJSON(row.manifest),
    createdAt: row.created_at,
    aliases: aliases.filter(({ digest }) => digest === row.digest).map(({ alias }) => alias),
  }));
}

/** `undefined` when it is not published. */
export async function readCheckpoint(
  db: Kysely<Database> | Transaction<Database>,
  digest: string,
): Promise<Checkpoint | undefined> {
  const rows = await db.selectFrom('checkpoints').selectAll().where('digest', '=', digest).execute();
  return (await readCheckpoints(db, rows))[0];
}
