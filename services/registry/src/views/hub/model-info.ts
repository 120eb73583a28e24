import type { ViewRequest } from '../http/request.ts';
import { sendJson } from '../http/send-json.ts';
import { aliasHistory } from '../../aliases/get-alias.ts';
import type { Branch, Repo, RepoVersion } from '../repos/find-repo.ts';
import { hubFiles, hubRepo, hubVersion, type HubFiles } from './hub-repo.ts';
import { tagsOf } from './tags.ts';
import { treeOf } from './tree.ts';

/** `GET /api/models/{id}[/revision/{revision}]` */
export async function sendModelInfo(request: ViewRequest, id: string, revision = 'main'): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const files = await hubFiles(request, repo, version);
  const withSizes = request.query.get('blobs') === 'true' || request.query.get('blobs') === '1';
  const siblings = withSizes
    ? (await treeOf(files)).map(({ path, size, oid, lfs }) => ({
        rfilename: path,
        size,
        blobId: oid,
        ...(lfs === undefined ? {} : { lfs: { sha256: lfs.oid, size, pointerSize: lfs.pointerSize } }),
      }))
    : namesOf(files).map((rfilename) => ({ rfilename }));
  const { createdAt, manifest } = files.checkpoint?.checkpoint ?? {};
  sendJson(request, {
    ...summary(repo, version),
    createdAt: (createdAt ?? new Date(0)).toISOString(),
    lastModified: lastModified(repo, version),
    cardData: { license: manifest?.license || 'other', library_name: repo.framework },
    siblings,
  });
}

function namesOf({ texts, weights }: HubFiles): string[] {
  return [...texts.keys(), ...(weights === undefined ? [] : [weights.name])].sort();
}

/** What a listing tells of a repository. */
export function summary(repo: Repo, { revision }: Pick<RepoVersion, 'revision'>): Record<string, unknown> {
  return {
    _id: revision.slice(0, 24),
    id: repo.id,
    modelId: repo.id,
    author: repo.id.split('/')[0],
    sha: revision,
    private: false,
    gated: false,
    disabled: false,
    downloads: 0,
    likes: 0,
    library_name: repo.framework,
    pipeline_tag: 'object-detection',
    tags: ['cassl', repo.framework],
  };
}

function lastModified(repo: Repo, { revision }: RepoVersion): string {
  const branch = repo.branches.find((known) => known.revision === revision) ?? repo.branches[0];
  return (branch?.changedAt ?? new Date(0)).toISOString();
}

/** `GET /api/models/{id}/refs`: aliases, and `main` for the first of them. */
export async function sendRefs(request: ViewRequest, id: string): Promise<void> {
  const { branches: all } = await hubRepo(request, id);
  const tags = await tagsOf(request.registry.db, all);
  const branches = all.filter(({ alias }) => !tags.has(alias));
  const [first] = all;
  const named =
    first === undefined || all.some(({ name }) => name === 'main')
      ? branches
      : [{ ...first, name: 'main' }, ...branches];
  sendJson(request, {
    branches: named.map((branch) => refOf('heads', branch)),
    tags: all.filter(({ alias }) => tags.has(alias)).map((branch) => refOf('tags', branch)),
    converts: [],
    pullRequests: [],
  });
}

function refOf(kind: 'heads' | 'tags', { name, revision }: Branch): Record<string, string> {
  return { name, ref: `refs/${kind}/${name}`, targetCommit: revision };
}

/** `GET /api/models/{id}/commits/{revision}`: the moves of the alias, newest first. */
export async function sendCommits(request: ViewRequest, id: string, revision: string): Promise<void> {
  const repo = await hubRepo(request, id);
  const version = await hubVersion(request, repo, revision);
  const histories = await Promise.all(
    repo.branches
      .filter(({ alias }) => alias !== '')
      .map(({ alias }) => aliasHistory(request.registry, alias)),
  );
  const history =
    histories.find((changes) => changes.some((change) => change.revision === version.revision)) ?? [];
  const from = history.findIndex((change) => change.revision === version.revision);
  sendJson(
    request,
    history.slice(Math.max(from, 0)).map((change) => ({
      id: change.revision,
      title: change.reason || `${change.alias} → ${change.digest.slice(0, 12) || 'nothing'}`,
      message: '',
      date: (change.changedAt ?? new Date(0)).toISOString(),
      authors: [{ user: change.actor || 'unknown' }],
    })),
  );
}
