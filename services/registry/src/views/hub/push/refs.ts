import { CasslError, invalidArgument } from '@cassl/errors';
import { authorizeAlias, checkAlias } from '@cassl/rpc';
import { AliasChangeKind } from '@cassl/proto';
import { appendChange, changeAlias, lockCheckpoint, nextChange } from '../../../aliases/change-alias.ts';
import { checkRule } from '../../../aliases/check-rule.ts';
import { deleteAlias } from '../../../aliases/delete-alias.ts';
import { fileSetOf } from '../../../aliases/file-set.ts';
import { checkReason } from '../../../check-request.ts';
import { wholeBlob } from '../../../checkpoints/seal.ts';
import { readJson } from '../../http/read-body.ts';
import type { ViewRequest } from '../../http/request.ts';
import { sendJson } from '../../http/send-json.ts';
import { aliasOfBranch } from '../../repos/repo-id.ts';
import { hubNotFound } from '../hub-errors.ts';
import { hubRepo, hubVersion } from '../hub-repo.ts';
import { tagsOf } from '../tags.ts';
import { auditPush, pushTarget } from './push-request.ts';

const MAX_JSON_BYTES = 100_000;

/** `POST …/branch/{branch}` `{startingPoint?}`: a new alias of the repository. */
export async function createBranch(request: ViewRequest, id: string, branch: string): Promise<void> {
  const { startingPoint } = await bodyOf(request);
  const from = typeof startingPoint === 'string' ? startingPoint : 'main';
  await createRef(request, id, { name: branch, from, tagMessage: null });
}

/** `POST …/tag/{revision}` `{tag, message?}`: an alias that takes no commits. */
export async function createTag(request: ViewRequest, id: string, revision: string): Promise<void> {
  const { tag, message } = await bodyOf(request);
  if (typeof tag !== 'string' || tag === '') throw invalidArgument('tag must be the name of the new tag');
  await createRef(request, id, {
    name: tag,
    from: revision,
    tagMessage: typeof message === 'string' ? checkReason(message) : '',
  });
}

interface NewRef {
  readonly name: string;
  readonly from: string;
  /** Null for a branch. */
  readonly tagMessage: string | null;
}

async function createRef(
  request: ViewRequest,
  id: string,
  { name, from, tagMessage }: NewRef,
): Promise<void> {
  const { repo } = await pushTarget(request, id, name);
  const alias = checkAlias('the name', aliasOfBranch(id, name));
  authorizeAlias(request.identity, alias);
  const kind = tagMessage === null ? 'branch' : 'tag';
  const taken = (): CasslError =>
    new CasslError('ALREADY_EXISTS', `Reference ${name} of ${id} already exists`);
  if (repo.branches.some((known) => known.name === name)) throw taken();
  const version = await hubVersion(request, repo, from);
  if (version.digest === '') throw invalidArgument(`${id} has no weights yet, which a ${kind} could name`);
  const { registry } = request;
  await wholeBlob(registry, version.digest);
  const files =
    version.alias === '' ? undefined : await fileSetOf(registry.db, version.alias, version.revision);
  await changeAlias(registry, alias, async (transaction, current) => {
    if (current.digest !== '') throw taken();
    await lockCheckpoint(transaction, version.digest);
    await checkRule(transaction, current, version.digest);
    const change = nextChange(current, {
      kind: AliasChangeKind.ALIAS_CHANGE_KIND_MOVE,
      digest: version.digest,
      reason: `${kind} from ${from}`.slice(0, 1_000),
      actor: request.identity.name,
      files,
    });
    await appendChange(transaction, change, files);
    await transaction
      .updateTable('aliases')
      .set({ tag_message: tagMessage })
      .where('alias', '=', alias)
      .execute();
    return change;
  });
  auditPush(request, `create-${kind}`, { alias });
  sendJson(request, {}, { status: 201 });
}

/** `DELETE …/branch/{branch}` and `…/tag/{tag}`: the alias points nowhere; its history stays. */
export async function deleteRef(
  request: ViewRequest,
  id: string,
  kind: 'branch' | 'tag',
  name: string,
): Promise<void> {
  const repo = await hubRepo(request, id);
  const branch = repo.branches.find((known) => known.name === name);
  const tags = await tagsOf(request.registry.db, repo.branches);
  if (branch === undefined || repo.framework !== 'cassl' || tags.has(branch.alias) !== (kind === 'tag'))
    throw hubNotFound('RevisionNotFound', `${id} has no ${kind} ${name.slice(0, 200)}`);
  authorizeAlias(request.identity, branch.alias);
  await deleteAlias(request.registry, {
    alias: branch.alias,
    expectedDigest: branch.digest,
    reason: `${kind} was deleted`,
    actor: request.identity.name,
  });
  await request.registry.db
    .updateTable('aliases')
    .set({ tag_message: null })
    .where('alias', '=', branch.alias)
    .execute();
  auditPush(request, `delete-${kind}`, { alias: branch.alias });
  sendJson(request, {});
}

async function bodyOf({ request }: ViewRequest): Promise<Record<string, unknown>> {
  const isEmpty = request.headers['content-length'] === '0' || request.headers['content-type'] === undefined;
  return isEmpty ? {} : readJson(request, MAX_JSON_BYTES);
}
