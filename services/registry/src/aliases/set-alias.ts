import { failedPrecondition, notFound } from '@cassl/errors';
import type { AliasChange, SetAliasRequest } from '@cassl/proto';
import type { Transaction } from 'kysely';
import { checkAlias, checkDigest, checkReason } from '../check-request.ts';
import type { Database } from '../database/schema.ts';
import { newestChange } from './get-alias.ts';
import { recordChange } from './record-change.ts';
import type { Registry } from '../registry.ts';
import { resolveReference } from './resolve-reference.ts';

/**
 * Points an alias to a checkpoint and appends to its history. A repeated request, which finds its move already made,
 * appends nothing and gives the same answer.
 */
export async function setAlias(registry: Registry, request: SetAliasRequest): Promise<AliasChange> {
  const alias = checkAlias(request.alias);
  const reason = checkReason(request.reason);
  const expected = request.expectedDigest && checkDigest('expected_digest', request.expectedDigest);
  const digest = await resolveReference(registry, request.reference);
  const change = await registry.db.transaction().execute(async (transaction) => {
    await lockCheckpoint(transaction, digest);
    const current = await lockAlias(transaction, alias);
    if (current === digest) {
      const newest = await newestChange(transaction, alias);
      if (
        newest !== undefined &&
        (expected === '' || expected === digest || newest.previousDigest === expected)
      ) {
        return newest;
      }
    }
    if (expected !== '' && expected !== current) {
      const where = current === '' ? 'does not exist' : `points to ${current}`;
      throw failedPrecondition(`alias ${alias} ${where}, not to the expected_digest ${expected}`);
    }
    const moved: AliasChange = { alias, digest, previousDigest: current, changedAt: new Date(), reason };
    await transaction
      .insertInto('aliases')
      .values({ alias, digest })
      .onConflict((conflict) => conflict.column('alias').doUpdateSet({ digest }))
      .execute();
    await transaction
      .insertInto('alias_changes')
      .values({ alias, digest, previous_digest: current, reason, changed_at: moved.changedAt ?? new Date() })
      .execute();
    await recordChange(transaction, { $case: 'aliasMoved', value: moved });
    return moved;
  });
  registry.changed.emit('change');
  return change;
}

/** Keeps the checkpoint from being deleted until the alias points to it. */
async function lockCheckpoint(transaction: Transaction<Database>, digest: string): Promise<void> {
  const row = await transaction
    .selectFrom('checkpoints')
    .select('digest')
    .where('digest', '=', digest)
    .forShare()
    .executeTakeFirst();
  if (row === undefined) throw notFound(`checkpoint ${digest} was deleted`);
}

/** Where the alias points, "" for nowhere; nobody else moves it until the transaction ends. */
async function lockAlias(transaction: Transaction<Database>, alias: string): Promise<string> {
  const row = await transaction
    .selectFrom('aliases')
    .select('digest')
    .where('alias', '=', alias)
    .forUpdate()
    .executeTakeFirst();
  return row?.digest ?? '';
}
