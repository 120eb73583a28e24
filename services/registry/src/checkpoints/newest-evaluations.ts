import { Evaluation } from '@cassl/proto';
import type { Kysely } from 'kysely';
import { asJson, type Database } from '../database/schema.ts';

/** Evaluations of up to 1 MiB each are never all in memory at once. */
const ROWS_AT_ONCE = 25;

/** A checkpoint's evaluations, newest first, read as they are asked for. */
export async function* newestEvaluations(db: Kysely<Database>, digest: string): AsyncGenerator<Evaluation> {
  const all = db.selectFrom('evaluations').select(['evaluation', 'sequence']).where('digest', '=', digest);
  let before: number | undefined;
  for (;;) {
    const rest = before === undefined ? all : all.where('sequence', '<', before);
    const rows = await rest.orderBy('sequence', 'desc').limit(ROWS_AT_ONCE).execute();
    for (const { evaluation } of rows) yield Evaluation.fromJSON(asJson(evaluation));
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_ONCE) return;
    before = Number(last.sequence);
  }
}
