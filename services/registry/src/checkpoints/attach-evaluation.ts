import { invalidArgument } from '@cassl/errors';
import { Evaluation, type AttachEvaluationRequest } from '@cassl/proto';
import { lockCheckpoint } from '../aliases/change-alias.ts';
import { checkEvaluation } from '../check-request.ts';
import { recordChange } from '../aliases/record-change.ts';
import type { Registry } from '../registry.ts';
import { resolveReference } from '../aliases/resolve-reference.ts';

/** @returns the digest of the checkpoint that carries the evaluation now */
export async function attachEvaluation(
  registry: Registry,
  request: AttachEvaluationRequest,
): Promise<string> {
  const evaluation = checkEvaluation(request.evaluation);
  const digest = await resolveReference(registry, request.reference);
  if (evaluation.checkpointDigest !== '' && evaluation.checkpointDigest !== digest) {
    throw invalidArgument(
      `evaluation.checkpoint_digest is ${evaluation.checkpointDigest}, but the reference names ${digest}`,
    );
  }
  const whole = { ...evaluation, checkpointDigest: digest, createdAt: evaluation.createdAt ?? new Date() };
  await registry.db.transaction().execute(async (transaction) => {
    await lockCheckpoint(transaction, digest);
    const inserted = await transaction
      .insertInto('evaluations')
      .values({
        digest,
        id: whole.id,
        evaluation: JSON.stringify(Evaluation.toJSON(whole)),
      })
      .onConflict((conflict) => conflict.columns(['digest', 'id']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted !== undefined) await recordChange(transaction, { $case: 'evaluatedDigest', value: digest });
  });
  registry.changed.emit('change');
  return digest;
}
