import { failedPrecondition } from '@cassl/errors';
import { AliasChangeKind, type AliasChange, type SetAliasRequest } from '@cassl/proto';
import { checkAlias } from '@cassl/rpc';
import { checkActor, checkDigest, checkReason } from '../check-request.ts';
import { wholeBlob } from '../checkpoints/seal.ts';
import type { Registry } from '../registry.ts';
import {
  appendChange,
  changeAlias,
  checkExpected,
  lockCheckpoint,
  nextChange,
  type LockedAlias,
} from './change-alias.ts';
import { checkRule } from './check-rule.ts';
import { movedFiles } from './file-set.ts';
import { resolveReference } from './resolve-reference.ts';

/**
 * Points an alias to a checkpoint and appends to its history. A repeated request, which finds its move already made,
 * appends nothing and gives the same answer.
 * @throws FAILED_PRECONDITION when it points elsewhere than expected, or with everything that its rule misses
 */
export async function setAlias(registry: Registry, request: SetAliasRequest): Promise<AliasChange> {
  const alias = checkAlias('alias', request.alias);
  const mover = { reason: checkReason(request.reason), actor: checkActor(request.actor) };
  const expected = request.expectedDigest && checkDigest('expected_digest', request.expectedDigest);
  const digest = await resolveReference(registry, request.reference);
  // An alias never moves to a file that cannot be served.
  await wholeBlob(registry, digest);
  return changeAlias(registry, alias, async (transaction, current) => {
    if (isMade(current, digest, expected, request.onlyIfNew)) return current.newest as AliasChange;
    checkExpected(current, expected);
    if (request.onlyIfNew && current.digest !== '')
      throw failedPrecondition(
        `alias ${alias} exists and points to ${current.digest}, and only_if_new is set`,
      );
    await lockCheckpoint(transaction, digest);
    await checkRule(transaction, current, digest);
    const files = await movedFiles(transaction, digest, [alias, request.reference]);
    const kind = AliasChangeKind.ALIAS_CHANGE_KIND_MOVE;
    const change = nextChange(current, { ...mover, kind, digest, files });
    if (!request.validateOnly) await appendChange(transaction, change, files);
    return change;
  });
}

/** True for a repeat of the newest move. */
function isMade(
  { digest, newest }: LockedAlias,
  wanted: string,
  expected: string,
  onlyIfNew: boolean,
): boolean {
  if (digest !== wanted || newest === undefined) return false;
  if (onlyIfNew) return newest.previousDigest === '';
  return expected === '' || expected === digest || newest.previousDigest === expected;
}
