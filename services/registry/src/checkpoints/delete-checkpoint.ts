import { failedPrecondition, notFound } from '@cassl/errors';
import { contentKey } from '@cassl/storage';
import type { Transaction } from 'kysely';
import { checkDigest } from '../check-request.ts';
import type { Database } from '../database/schema.ts';
import { recordChange } from '../aliases/record-change.ts';
import type { Registry } from '../registry.ts';

/** Deletes metadata first, then the file: a crash in between leaves a file that nothing names, never the reverse. */
export async function deleteCheckpoint(registry: Registry, digest: string): Promise<void> {
  checkDigest('digest', digest);
  await registry.exclusively(digest, async () => {
    await registry.db.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom('checkpoints')
        .select('digest')
        .where('digest', '=', digest)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined) throw notFound(`checkpoint ${digest} does not exist`);
      await checkUnused(transaction, digest);
      await transaction.deleteFrom('checkpoints').where('digest', '=', digest).execute();
      await recordChange(transaction, { $case: 'deletedDigest', value: digest });
    });
    await registry.blobs.delete(contentKey(`sha256:${digest}`));
  });
  registry.changed.emit('change');
}

async function checkUnused(transaction: Transaction<Database>, digest: string): Promise<void> {
  const alias = await transaction
    .selectFrom('aliases')
    .select('alias')
    .where('digest', '=', digest)
    .orderBy('alias')
    .executeTakeFirst();
  if (alias !== undefined) {
    throw failedPrecondition(
      `alias ${alias.alias} points to ${digest}: move it before deleting the checkpoint`,
    );
  }
  const child = await transaction
    .selectFrom('checkpoint_parents')
    .select('digest')
    .where('parent', '=', digest)
    .executeTakeFirst();
  if (child !== undefined) {
    throw failedPrecondition(`checkpoint ${child.digest} names ${digest} as parent: delete that one first`);
  }
}
