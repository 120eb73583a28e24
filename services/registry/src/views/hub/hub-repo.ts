import type { ViewRequest } from '../http/request.ts';
import { findRepo, findVersion, type Repo, type RepoVersion } from '../repos/find-repo.ts';
import { openRepoFiles, type RepoFiles } from '../repos/repo-files.ts';
import { hubNotFound } from './hub-errors.ts';

/** @throws NOT_FOUND `RepoNotFound` */
export async function hubRepo(request: ViewRequest, id: string): Promise<Repo> {
  // The Hub's own names may have capitals, aliases have not.
  const repo = await findRepo(request.registry, id);
  if (repo === undefined) throw hubNotFound('RepoNotFound', `Repository ${id.slice(0, 200)} not found`);
  return repo;
}

/** @throws NOT_FOUND `RevisionNotFound` */
export async function hubVersion(request: ViewRequest, repo: Repo, revision: string): Promise<RepoVersion> {
  const version = await findVersion(request.registry, repo, revision);
  if (version !== undefined) return version;
  const names = repo.branches
    .map(({ name }) => name)
    .slice(0, 5)
    .join(', ');
  throw hubNotFound('RevisionNotFound', `Invalid rev id: ${revision.slice(0, 200)}; branches: ${names}`);
}

export async function hubFiles(
  request: ViewRequest,
  repo: Repo,
  { digest }: RepoVersion,
): Promise<RepoFiles> {
  return openRepoFiles(request, digest, repo.framework, repo.id);
}
