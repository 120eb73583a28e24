import { notFound } from '@cassl/errors';
import { Checkpoint, Evaluation, type GetCheckpointResponse } from '@cassl/proto';
import { ReplyRoom } from '@cassl/rpc';
import { newestEvaluations } from './newest-evaluations.ts';
import { readCheckpoint } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';
import { resolveReference } from '../aliases/resolve-reference.ts';

/** A checkpoint and its newest evaluations, as many as a reply holds. */
export async function getCheckpoint(registry: Registry, reference: string): Promise<GetCheckpointResponse> {
  const digest = await resolveReference(registry, reference);
  const checkpoint = await readCheckpoint(registry.db, digest);
  if (checkpoint === undefined) throw notFound(`checkpoint ${digest} was deleted`);
  const room = new ReplyRoom();
  room.take(Checkpoint, checkpoint);
  const evaluations: Evaluation[] = [];
  for await (const evaluation of newestEvaluations(registry.db, digest)) {
    if (!room.take(Evaluation, evaluation)) {
      // One that was attached since the first was read is not one of them.
      const omittedEvaluations = Math.max(1, (await countOf(registry, digest)) - evaluations.length);
      return { checkpoint, evaluations, omittedEvaluations };
    }
    evaluations.push(evaluation);
  }
  return { checkpoint, evaluations, omittedEvaluations: 0 };
}

/** How many evaluations a checkpoint has. */
async function countOf({ db }: Pick<Registry, 'db'>, digest: string): Promise<number> {
  const { count } = await db
    .selectFrom('evaluations')
    .where('digest', '=', digest)
    .select(({ fn }) => fn.countAll<string | number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
