import { CasslError, errorCode } from '@cassl/errors';
import { authorize, authorizeAlias } from '@cassl/rpc';
import { deleteAlias } from '../../../aliases/delete-alias.ts';
import { readJson } from '../../http/read-body.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { aliasOfBranch } from '../../repos/repo-id.ts';
import { hubNotFound } from '../hub-errors.ts';
import { hubRepo } from '../hub-repo.ts';
import { auditPush, checkRepoId, isTaken } from './push-request.ts';

const MAX_JSON_BYTES = 100_000;

/** `POST /api/repos/create` `{name, organization?, type?}`: remembers the name; 409 where it is taken. */
export async function createRepo(request: ViewRequest): Promise<void> {
  authorize(request.identity, 'publish');
  const id = checkRepoId(await namedRepo(request));
  // Whoever makes a repository must be allowed to fill it.
  authorizeAlias(request.identity, aliasOfBranch(id, 'main'));
  const url = `${request.origin}/${id}`;
  const { db } = request.registry;
  const values = { id, created_by: request.identity.name, created_at: new Date() };
  if (await isTaken(request, id))
    throw new CasslError('ALREADY_EXISTS', `You already created this model repo: ${id}`, {
      details: { url },
    });
  await db
    .insertInto('repositories')
    .values(values)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  auditPush(request, 'create-repository', { id });
  sendJson(request, { url, name: id, id });
}

/** `DELETE /api/repos/delete`: its aliases point nowhere afterwards; their history, and the checkpoints, stay. */
export async function deleteRepo(request: ViewRequest): Promise<void> {
  authorize(request.identity, 'promote');
  const id = checkRepoId(await namedRepo(request));
  const { branches, framework } = await hubRepo(request, id);
  if (framework !== 'cassl') throw hubNotFound('RepoNotFound', `${id} is a view of another repository`);
  for (const { alias } of branches) authorizeAlias(request.identity, alias);
  authorizeAlias(request.identity, aliasOfBranch(id, 'main'));
  const { db } = request.registry;
  for (const { alias } of branches) {
    await deleteAlias(request.registry, {
      alias,
      expectedDigest: '',
      reason: `repository ${id} was deleted`,
      actor: request.identity.name,
    }).catch((error: unknown) => {
      // A draft has no alias yet.
      if (errorCode(error) !== 'NOT_FOUND') throw error;
    });
    await db.deleteFrom('drafts').where('alias', '=', alias).execute();
  }
  await db.deleteFrom('repositories').where('id', '=', id).execute();
  auditPush(request, 'delete-repository', { id });
  sendJson(request, {});
}

async function namedRepo(request: ViewRequest): Promise<string> {
  const { name, organization, type } = await readJson(request.request, MAX_JSON_BYTES);
  if (type !== undefined && type !== null && type !== 'model')
    throw new CasslError(
      'UNIMPLEMENTED',
      `only models are kept here, not a repository of type ${JSON.stringify(type)}`,
    );
  const full = typeof name === 'string' ? name : '';
  if (full.includes('/')) return full;
  // Without a namespace the Hub takes the user's own.
  return `${typeof organization === 'string' && organization !== '' ? organization : 'cassl'}/${full}`;
}
