import { CasslError, invalidArgument } from '@cassl/errors';
import { authorize, authorizeAlias, checkAlias } from '@cassl/rpc';
import type { ViewRequest } from '../../http/request.ts';
import { findRepo, type Repo } from '../../repos/find-repo.ts';
import { isRepoId, splitFramework } from '../../repos/repo-id.ts';
import { aliasToPush, hubRepo } from '../hub-repo.ts';

/** Where a push goes. */
export interface PushTarget {
  readonly repo: Repo;
  readonly alias: string;
}

/** The repository and branch, and that the caller may publish there. @throws NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT */
export async function pushTarget(request: ViewRequest, id: string, branch: string): Promise<PushTarget> {
  authorize(request.identity, 'publish');
  const repo = await hubRepo(request, id);
  if (repo.framework !== 'cassl')
    throw invalidArgument(
      `${id} is ${splitFramework(id)?.id ?? ''} as ${repo.framework} has it, made from the same weights: push there`,
    );
  const alias = checkAlias('the branch', aliasToPush(repo, branch));
  authorizeAlias(request.identity, alias);
  if (request.query.get('create_pr') === '1')
    throw new CasslError('UNIMPLEMENTED', 'there are no pull requests here: push to a branch of your own');
  return { repo, alias };
}

/** @throws INVALID_ARGUMENT for what can be no repository's name here */
export function checkRepoId(id: string): string {
  if (isRepoId(id) && !id.startsWith('checkpoints/')) return id;
  throw invalidArgument(
    `a repository is namespace/name of [a-z0-9._-], at most 128 characters, and not checkpoints/…, got ${id.slice(0, 200)}`,
  );
}

/** Whether anything answers to the name. */
export async function isTaken(request: ViewRequest, id: string): Promise<boolean> {
  if ((await findRepo(request.registry, id)) !== undefined) return true;
  const { db } = request.registry;
  return (
    (await db.selectFrom('repositories').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
  );
}

/** Who changed what, in the log. */
export function auditPush({ logger, identity }: ViewRequest, action: string, about: object): void {
  logger.info({ audit: true, who: identity.name, action, ...about }, 'audit');
}
