import { notFound } from '@cassl/errors';
import { Evaluation, type GetCheckpointResponse } from '@cassl/proto';
import { asJson } from '../database/schema.ts';
import { readCheckpoint } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';
import { resolveReference } from '../aliases/resolve-reference.ts';

export async function getCheckpoint(registry: Registry, reference: string): Promise<GetCheckpointResponse> {
  const digest = await resolveReference(registry, reference);
  const checkpoint = await readCheckpoint(registry.db, digest);
  if (checkpoint === undefined) throw notFound(`checkpoint ${digest} was deleted`);
  const rows = await registry.db
    .selectFrom('evaluations')
    .select('evaluation')
    .where('digest', '=', digest)
    .orderBy('sequence', 'desc')
    .execute();
  return { checkpoint, evaluations: rows.map(({ evaluation }) => Evaluation.fromJSON(asJson(evaluation))) };
}
