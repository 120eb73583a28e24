import { FRAMEWORKS, type Framework } from '@cassl/checkpoints';

/** Namespace of aliases that have none. */
const DEFAULT_NAMESPACE = 'cassl';
/** Namespace under which every checkpoint is found by its digest, alias or not. */
export const CHECKPOINTS = 'checkpoints';

/** A repository and the branch of it that an alias is. */
export interface RepoBranch {
  /** `namespace/name`, as Hugging Face and OCI clients want it. */
  readonly id: string;
  readonly branch: string;
}

/**
 * `warmup@prod` is branch `prod` of `cassl/warmup`; `team/warmup@prod` of `team/warmup`; `warmup` and `team/warmup` are
 * `main`; what follows a second slash is the branch: `team/warmup/v2` is `v2`.
 */
export function repoOfAlias(alias: string): RepoBranch {
  const at = alias.indexOf('@');
  const [path, tag] = at < 0 ? [alias, ''] : [alias.slice(0, at), alias.slice(at + 1)];
  const [first = '', second, ...rest] = path.split('/');
  const id = second === undefined ? `${DEFAULT_NAMESPACE}/${first}` : `${first}/${second}`;
  const branch = [...rest, tag].filter((part) => part !== '').join('/');
  return { id, branch: branch === '' ? 'main' : branch };
}

/** The alias that a branch of a repository is: `repoOfAlias` leads back. */
export function aliasOfBranch(id: string, branch: string): string {
  const [namespace, name = ''] = id.split('/');
  if (branch.includes('/')) return `${id}/${branch}`;
  const path = namespace === DEFAULT_NAMESPACE ? name : id;
  return branch === 'main' ? path : `${path}@${branch}`;
}

/** Aliases of a repository begin with one of these. */
export function aliasPrefixes(id: string): string[] {
  const [namespace, name = ''] = id.split('/');
  return namespace === DEFAULT_NAMESPACE ? [name, id] : [id];
}

/** Both kinds of clients refuse more than this. */
export function isRepoId(id: string): boolean {
  return id.length <= 128 && /^[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._-]*$/.test(id);
}

/** `team/warmup-timm` is `team/warmup` as timm has it. */
export function splitFramework(
  id: string,
): { readonly id: string; readonly framework: Framework } | undefined {
  const framework = FRAMEWORKS.find((name) => id.endsWith(`-${name}`));
  return framework && { id: id.slice(0, -framework.length - 1), framework };
}
