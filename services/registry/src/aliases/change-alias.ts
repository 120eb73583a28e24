import { failedPrecondition, notFound } from '@cassl/errors';
import type { AliasChangeKind } from '@cassl/proto';
import { aliasChangeKindToJSON, AliasRule, type AliasChange } from '@cassl/proto';
import type { Transaction } from 'kysely';
import { asJson, type Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { newestChange } from './get-alias.ts';
import { fileSetOf, type FileSet } from './file-set.ts';
import { recordChange } from './record-change.ts';
import { revisionOf } from './revision.ts';

/** An alias whose row is locked: nobody else changes it until the transaction ends. */
export interface LockedAlias {
  readonly alias: string;
  /** Empty for nowhere. */
  readonly digest: string;
  readonly rule: AliasRule | undefined;
  readonly newest: AliasChange | undefined;
  /** Files beside the weights. */
  readonly files: FileSet | undefined;
  /** Made as a tag by a Hub client: it takes no commits. */
  readonly isTag: boolean;
}

/** Who and why, for the history. */
export interface Mover {
  readonly actor: string;
  readonly reason: string;
}

/** One change of one alias, in one transaction: movers of the same alias, of whatever replica, come one after the other. */
export async function changeAlias<T = AliasChange>(
  registry: Pick<Registry, 'db' | 'changed'>,
  alias: string,
  change: (transaction: Transaction<Database>, current: LockedAlias) => Promise<T>,
): Promise<T> {
  const made = await registry.db
    .transaction()
    .execute(async (transaction) => change(transaction, await lockAlias(transaction, alias)));
  registry.changed.emit('change');
  return made;
}

async function lockAlias(transaction: Transaction<Database>, alias: string): Promise<LockedAlias> {
  // A row that is not there cannot be locked: two first movers would both see nothing.
  await transaction
    .insertInto('aliases')
    .values({ alias, digest: null })
    .onConflict((conflict) => conflict.column('alias').doNothing())
    .execute();
  const row = await transaction
    .updateTable('aliases')
    .set({ alias })
    .where('alias', '=', alias)
    .returning(['digest', 'rule', 'tag_message'])
    .executeTakeFirstOrThrow();
  const newest = await newestChange(transaction, alias);
  return {
    alias,
    digest: row.digest ?? '',
    rule: row.rule === null ? undefined : AliasRule.fromJSON(asJson(row.rule)),
    newest,
    files: newest && (await fileSetOf(transaction, alias, newest.revision)),
    isTag: row.tag_message !== null,
  };
}

/** Keeps a checkpoint from being deleted until the transaction ends. */
export async function lockCheckpoint(transaction: Transaction<Database>, digest: string): Promise<void> {
  const row = await transaction
    .updateTable('checkpoints')
    .set((builder) => ({ stage: builder.ref('stage') }))
    .where('digest', '=', digest)
    .returning('digest')
    .executeTakeFirst();
  if (row === undefined) throw notFound(`checkpoint ${digest} was deleted`);
}

export function checkExpected({ alias, digest }: LockedAlias, expected: string): void {
  if (expected === '' || expected === digest) return;
  const where = digest === '' ? 'points nowhere' : `points to ${digest}`;
  throw failedPrecondition(`alias ${alias} ${where}, not to the expected_digest ${expected}`);
}

/** The entry that would be appended; nothing is written. */
export function nextChange(
  current: LockedAlias,
  move: Mover & {
    readonly kind: AliasChangeKind;
    readonly digest: string;
    readonly files?: FileSet | undefined;
  },
): AliasChange {
  const { alias, newest } = current;
  // Replicas' clocks differ, and a history is asked by time: its times never go back.
  const changedAt = new Date(Math.max(Date.now(), (newest?.changedAt?.getTime() ?? 0) + 1));
  const { digest, reason, actor, kind, files } = move;
  const revision = revisionOf(newest?.revision ?? '', {
    alias,
    digest,
    previous_digest: current.digest,
    reason,
    changed_at: changedAt,
    kind: aliasChangeKindToJSON(kind),
    actor,
    files,
  });
  return { alias, digest, previousDigest: current.digest, changedAt, reason, kind, actor, revision };
}

/** @param files what the change's revision was made with */
export async function appendChange(
  transaction: Transaction<Database>,
  change: AliasChange,
  files?: FileSet,
): Promise<void> {
  const { alias, digest, previousDigest, changedAt = new Date(), reason, kind, actor, revision } = change;
  await transaction
    .updateTable('aliases')
    .set({ digest: digest === '' ? null : digest })
    .where('alias', '=', alias)
    .execute();
  await transaction
    .insertInto('alias_changes')
    .values({
      alias,
      digest,
      previous_digest: previousDigest,
      reason,
      changed_at: changedAt,
      kind: aliasChangeKindToJSON(kind),
      actor,
      revision,
      files: files === undefined ? null : JSON.stringify(files),
    })
    .execute();
  await recordChange(transaction, { $case: 'aliasMoved', value: change });
}
