import type { Framework } from '@cassl/checkpoints';
import { errorCode } from '@cassl/errors';
import { aliasHistory } from '../../aliases/get-alias.ts';
import { listAliases, type ListedAlias } from '../../aliases/list-aliases.ts';
import { resolveReference } from '../../aliases/resolve-reference.ts';
import type { Registry } from '../../registry.ts';
import { aliasPrefixes, CHECKPOINTS, isRepoId, repoOfAlias, splitFramework } from './repo-id.ts';

type Db = Pick<Registry, 'db'>;

export interface Branch {
  readonly name: string;
  /** Empty where the branch is a checkpoint and no alias. */
  readonly alias: string;
  readonly digest: string;
  /** 40 hex digits of the change that put it there. */
  readonly revision: string;
  readonly changedAt: Date;
}

/** What clients of other registries call a model repository: the aliases of one name, as one framework has the weights. */
export interface Repo {
  readonly id: string;
  readonly framework: Framework;
  /** At least one; the default branch is the first. */
  readonly branches: readonly Branch[];
}

/** A repository at a revision. */
export interface RepoVersion {
  /** Empty before the first weights. */
  readonly digest: string;
  readonly revision: string;
  /** Whose change the revision is; empty for a checkpoint's own. */
  readonly alias: string;
}

/** Which branch "main" means where none is called so; after these the one that moved last. */
const DEFAULT_BRANCHES = ['main', 'prod', 'latest'];
const PAGE = 1_000;

/** `undefined` for what is no repository with a checkpoint. */
export async function findRepo(registry: Db, id: string): Promise<Repo | undefined> {
  if (!isRepoId(id)) return undefined;
  const own = await branchesOf(registry, id);
  if (own.length > 0) return { id, framework: 'cassl', branches: own };
  const split = splitFramework(id);
  const branches = split && (await branchesOf(registry, split.id));
  return branches === undefined || branches.length === 0
    ? undefined
    : { id, framework: split?.framework ?? 'cassl', branches };
}

async function branchesOf(registry: Db, id: string): Promise<Branch[]> {
  if (id.startsWith(`${CHECKPOINTS}/`)) return branchOfDigest(registry, id.slice(CHECKPOINTS.length + 1));
  const branches = new Map<string, Branch>();
  for (const prefix of aliasPrefixes(id)) {
    for await (const listed of everyAlias(registry, prefix)) {
      const repo = repoOfAlias(listed.alias);
      // Two spellings of one branch: the whole alias still names the other.
      const name = branches.has(repo.branch) ? listed.alias : repo.branch;
      if (repo.id === id) branches.set(name, { ...listed, name });
    }
  }
  return inOrder([...branches.values()]);
}

async function branchOfDigest(registry: Db, hex: string): Promise<Branch[]> {
  if (!/^[0-9a-f]{8,64}$/.test(hex)) return [];
  const digest = await resolveReference(registry, hex).catch((error: unknown) => {
    if (errorCode(error) === 'NOT_FOUND' || errorCode(error) === 'INVALID_ARGUMENT') return undefined;
    throw error;
  });
  if (digest === undefined) return [];
  return [{ name: 'main', alias: '', digest, revision: digest.slice(0, 40), changedAt: new Date(0) }];
}

/** All aliases after a prefix, page by page. */
export async function* everyAlias(registry: Db, prefix = ''): AsyncGenerator<ListedAlias> {
  let after = '';
  for (;;) {
    const page = await listAliases(registry, { prefix, after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    after = last.alias;
  }
}

/** The default branch first. */
export function inOrder(branches: Branch[]): Branch[] {
  const rank = ({ name }: Branch): number => {
    const index = DEFAULT_BRANCHES.indexOf(name);
    return index < 0 ? DEFAULT_BRANCHES.length : index;
  };
  return branches.sort(
    (a, b) =>
      rank(a) - rank(b) || b.changedAt.getTime() - a.changedAt.getTime() || (a.name < b.name ? -1 : 1),
  );
}

/**
 * What a branch, a whole alias or a revision (40 hex digits or at least 7 leading ones, of a change or of a checkpoint
 * that the repository had) names.
 */
export async function findVersion(
  registry: Db,
  { branches }: Repo,
  wanted: string,
): Promise<RepoVersion | undefined> {
  const name = wanted.replace(/^refs\/(heads|tags)\//, '');
  const branch =
    branches.find((known) => known.name === name) ??
    branches.find(({ alias }) => alias === name && alias !== '') ??
    (name === 'main' ? branches[0] : undefined);
  if (branch !== undefined) return branch;
  return /^[0-9a-f]{7,64}$/.test(name) ? findRevision(registry, branches, name) : undefined;
}

async function findRevision(
  registry: Db,
  branches: readonly Branch[],
  hex: string,
): Promise<RepoVersion | undefined> {
  for (const { alias, digest, revision } of branches) {
    const past = alias === '' ? [{ digest, revision }] : await aliasHistory(registry, alias);
    const found = past.find((change) => change.digest !== '' && change.revision.startsWith(hex));
    if (found !== undefined) return { digest: found.digest, revision: found.revision, alias };
    const checkpoint = past.find((change) => change.digest !== '' && change.digest.startsWith(hex));
    if (checkpoint !== undefined)
      return { digest: checkpoint.digest, revision: checkpoint.digest.slice(0, 40), alias: '' };
  }
  return undefined;
}
