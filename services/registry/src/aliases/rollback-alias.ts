import { failedPrecondition } from '@cassl/errors';
import { AliasChangeKind, type AliasChange, type RollbackAliasRequest } from '@cassl/proto';
import { checkAlias } from '@cassl/rpc';
import { checkActor, checkDigest, checkReason } from '../check-request.ts';
import { wholeBlob } from '../checkpoints/seal.ts';
import type { Registry } from '../registry.ts';
import { appendChange, changeAlias, checkExpected, lockCheckpoint, nextChange } from './change-alias.ts';
import { movedFiles } from './file-set.ts';
import { aliasHistory } from './get-alias.ts';

/**
 * Points an alias back to where it was before its last move or deletion; a second rollback goes one move further back.
 * @throws FAILED_PRECONDITION when there is nothing to go back to
 */
export async function rollbackAlias(registry: Registry, request: RollbackAliasRequest): Promise<AliasChange> {
  const alias = checkAlias('alias', request.alias);
  const mover = { reason: checkReason(request.reason), actor: checkActor(request.actor) };
  const expected = request.expectedDigest && checkDigest('expected_digest', request.expectedDigest);
  const goal = rollbackTarget(await aliasHistory(registry, alias));
  if (goal === undefined) throw failedPrecondition(`alias ${alias} has no earlier place to go back to`);
  await wholeBlob(registry, goal);
  return changeAlias(registry, alias, async (transaction, current) => {
    checkExpected(current, expected);
    const digest = rollbackTarget(await aliasHistory({ db: transaction }, alias));
    if (digest !== goal)
      throw failedPrecondition(
        `alias ${alias} was moved while it was rolled back; look at its history and try again`,
      );
    await lockCheckpoint(transaction, digest);
    const files = await movedFiles(transaction, digest, [alias]);
    const kind = AliasChangeKind.ALIAS_CHANGE_KIND_ROLLBACK;
    const change = nextChange(current, { ...mover, kind, digest, files });
    await appendChange(transaction, change, files);
    return change;
  });
}

/** Where a rollback leads, `undefined` for nowhere. @param history newest first */
export function rollbackTarget(history: readonly AliasChange[]): string | undefined {
  const places: string[] = [];
  for (const { kind, digest } of [...history].reverse()) {
    if (kind === AliasChangeKind.ALIAS_CHANGE_KIND_ROLLBACK) {
      places.pop();
      // A rollback of a deletion, or over one, leaves what it names on top.
      while (places.length > 0 && places.at(-1) !== digest) places.pop();
    } else if (kind !== AliasChangeKind.ALIAS_CHANGE_KIND_RULE && places.at(-1) !== digest) {
      places.push(digest);
    }
  }
  // Deleted and set again, it is where it was: going back leads to another place.
  return places.findLast((digest) => digest !== '' && digest !== places.at(-1));
}
