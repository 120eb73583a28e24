import { notFound } from '@cassl/errors';
import { AliasChangeKind, type AliasChange, type DeleteAliasRequest } from '@cassl/proto';
import { checkAlias } from '@cassl/rpc';
import { checkActor, checkDigest, checkReason } from '../check-request.ts';
import type { Registry } from '../registry.ts';
import { appendChange, changeAlias, checkExpected, nextChange } from './change-alias.ts';

/** Makes an alias point nowhere; its history and its rule stay. Deleting it twice gives the same answer. */
export async function deleteAlias(registry: Registry, request: DeleteAliasRequest): Promise<AliasChange> {
  const alias = checkAlias('alias', request.alias);
  const mover = { reason: checkReason(request.reason), actor: checkActor(request.actor) };
  const expected = request.expectedDigest && checkDigest('expected_digest', request.expectedDigest);
  return changeAlias(registry, alias, async (transaction, current) => {
    const { newest } = current;
    if (newest?.kind === AliasChangeKind.ALIAS_CHANGE_KIND_DELETE) return newest;
    if (current.digest === '') throw notFound(`alias ${alias} does not exist`);
    checkExpected(current, expected);
    const change = nextChange(current, {
      ...mover,
      kind: AliasChangeKind.ALIAS_CHANGE_KIND_DELETE,
      digest: '',
    });
    await appendChange(transaction, change);
    return change;
  });
}
