import { fileSetOf, readSmallFile, type FileSet, type SmallFile } from '../../aliases/file-set.ts';
import { asDate, asJson } from '../../database/schema.ts';
import type { Registry } from '../../registry.ts';
import type { DerivedServedFile } from '../files/derived-file.ts';
import type { ViewRequest } from '../http/request.ts';
import type { ServedFile } from '../http/send-file.ts';
import { aliasOfBranch, isRepoId, repoOfAlias } from '../repos/repo-id.ts';
import {
  findRepo,
  findVersion,
  inOrder,
  type Branch,
  type Repo,
  type RepoVersion,
} from '../repos/find-repo.ts';
import { openRepoFiles, type RepoFiles } from '../repos/repo-files.ts';
import { hubNotFound } from './hub-errors.ts';

/** What a repository without a commit is at. */
const NO_COMMIT = '0'.repeat(40);

/** @throws NOT_FOUND `RepoNotFound` */
export async function hubRepo({ registry }: Pick<ViewRequest, 'registry'>, id: string): Promise<Repo> {
  const repo = (await findRepo(registry, id)) ?? (await repoWithoutWeights(registry, id));
  // Names here are lower case, as aliases are.
  if (repo === undefined) throw hubNotFound('RepoNotFound', `Repository ${id.slice(0, 200)} not found`);
  return repo;
}

/** One that a client made, before its first weights; it may hold files already. */
async function repoWithoutWeights({ db }: Registry, id: string): Promise<Repo | undefined> {
  if (!isRepoId(id)) return undefined;
  const row = await db.selectFrom('repositories').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const drafts = await db.selectFrom('drafts').select(['alias', 'revision', 'changed_at']).execute();
  const branches = drafts.flatMap(({ alias, revision, changed_at }): Branch[] => {
    const { id: owner, branch } = repoOfAlias(alias);
    return owner === id ? [{ name: branch, alias, digest: '', revision, changedAt: asDate(changed_at) }] : [];
  });
  return { id, framework: 'cassl', branches: inOrder(branches) };
}

/** @throws NOT_FOUND `RevisionNotFound` */
export async function hubVersion(request: ViewRequest, repo: Repo, revision: string): Promise<RepoVersion> {
  const version = await findVersion(request.registry, repo, revision === 'HEAD' ? 'main' : revision);
  if (version !== undefined) return version;
  if (repo.branches.length === 0 && ['main', 'HEAD', NO_COMMIT].includes(revision))
    return { digest: '', revision: NO_COMMIT, alias: '' };
  const names = repo.branches
    .map(({ name }) => name)
    .slice(0, 5)
    .join(', ');
  throw hubNotFound('RevisionNotFound', `Invalid rev id: ${revision.slice(0, 200)}; branches: ${names}`);
}

/** The alias that a push to a branch changes: what reading that branch gives, else the one that it will be. */
export function aliasToPush({ id, branches }: Repo, branch: string): string {
  const name = branch.replace(/^refs\/heads\//, '');
  const known =
    branches.find((one) => one.name === name || one.alias === name) ??
    (name === 'main' ? branches[0] : undefined);
  return known !== undefined && known.alias !== '' ? known.alias : aliasOfBranch(id, name);
}

/** A file that is not the weights. */
export type SmallServedFile = ServedFile & { readonly gitOid: string };

export interface HubFiles {
  /** Absent before the first weights. */
  readonly checkpoint: RepoFiles['checkpoint'] | undefined;
  readonly weights: { readonly name: string; open(): Promise<DerivedServedFile> } | undefined;
  readonly texts: ReadonlyMap<string, SmallServedFile>;
}

/** What was committed goes before what is made here, but for `cassl.json`. */
export async function hubFiles(request: ViewRequest, repo: Repo, version: RepoVersion): Promise<HubFiles> {
  const set = repo.framework === 'cassl' ? await filesOf(request.registry, version) : undefined;
  const committed = Object.entries(set?.small ?? {}).map(([path, file]): [string, SmallServedFile] => [
    path,
    smallServedFile(request.registry, path, file),
  ]);
  if (version.digest === '') return { checkpoint: undefined, weights: undefined, texts: new Map(committed) };
  const made = await openRepoFiles(request, version.digest, repo.framework, repo.id);
  const name = set?.weights ?? made.weights.name;
  return {
    checkpoint: made.checkpoint,
    weights: { name, open: () => made.weights.open() },
    texts: new Map<string, SmallServedFile>([...made.texts, ...committed]),
  };
}

/**
 * One file of a version. What was committed is found without a look at the checkpoint: a client that takes a repository of many
 * small files asks for each of them twice.
 */
export async function hubFile(
  request: ViewRequest,
  repo: Repo,
  version: RepoVersion,
  name: string,
): Promise<ServedFile | undefined> {
  const set = repo.framework === 'cassl' ? await filesOf(request.registry, version) : undefined;
  if (set !== undefined && Object.hasOwn(set.small, name))
    return smallServedFile(request.registry, name, set.small[name] as SmallFile);
  const { weights, texts } = await hubFiles(request, repo, version);
  return texts.get(name) ?? (name === weights?.name ? await weights.open() : undefined);
}

function smallServedFile({ db }: Registry, path: string, file: SmallFile): SmallServedFile {
  return {
    ...file,
    etag: file.gitOid,
    contentType: contentTypeOf(path),
    async sendTo(sink, { start, end }) {
      sink.write((await readSmallFile(db, file.sha256)).subarray(start, end));
    },
  };
}

async function filesOf(
  { db }: Registry,
  { alias, revision, digest }: RepoVersion,
): Promise<FileSet | undefined> {
  if (alias === '') return undefined;
  if (digest !== '') return fileSetOf(db, alias, revision);
  const row = await db.selectFrom('drafts').select('files').where('alias', '=', alias).executeTakeFirst();
  return row && (asJson(row.files) as FileSet);
}

function contentTypeOf(path: string): string {
  if (path.endsWith('.json')) return 'application/json; charset=utf-8';
  return /\.(?:md|txt|ya?ml|csv|log)$/.test(path) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}
