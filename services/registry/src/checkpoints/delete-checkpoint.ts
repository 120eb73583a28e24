import { failedPrecondition, notFound } from '@cassl/errors';
import type { Transaction } from 'kysely';
import { recordChange } from '../aliases/record-change.ts';
import { checkDigest } from '../check-request.ts';
import { withLease } from '../database/lease.ts';
import type { Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { digestLease } from './receive-upload.ts';

/**
 * Deletes metadata first, then the file: a crash in between leaves a file that nothing names, which reclaiming finds, never
 * the reverse. An upload of the same bytes waits until both are gone.
 */
export async function deleteCheckpoint(
  registry: Registry,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  checkDigest('digest', digest);
  await withLease(registry.db, digestLease(digest), signal, async () => {
    await registry.db.transaction().execute(async (transaction) => {
      const row = await transaction
        .updateTable('checkpoints')
        .set((builder) => ({ stage: builder.ref('stage') }))
        .where('digest', '=', digest)
        .returning('digest')
        .executeTakeFirst();
      if (row === undefined) throw notFound(`checkpoint ${digest} does not exist`);
      const reason = await neededBy(transaction, digest);
      if (reason !== undefined) throw failedPrecondition(reason);
      await transaction.deleteFrom('checkpoints').where('digest', '=', digest).execute();
      await recordChange(transaction, { $case: 'deletedDigest', value: digest });
    });
    registry.changed.emit('change');
    await registry.blobs.delete(digest);
  });
}

/** Why a checkpoint must stay; `undefined` when nothing needs it. */
async function neededBy(transaction: Transaction<Database>, digest: string): Promise<string | undefined> {
  const alias = await transaction
    .selectFrom('aliases')
    .select('alias')
    .where('digest', '=', digest)
    .orderBy('alias')
    .executeTakeFirst();
  if (alias !== undefined)
    return `alias ${alias.alias} points to ${digest}: move it before deleting the checkpoint`;
  const child = await transaction
    .selectFrom('checkpoint_parents')
    .select('digest')
    .where('parent', '=', digest)
    .executeTakeFirst();
  return child && `checkpoint ${child.digest} names ${digest} as parent or teacher: delete that one first`;
}
