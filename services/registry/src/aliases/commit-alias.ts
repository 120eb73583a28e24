import { createHash } from 'node:crypto';
import { CasslError, failedPrecondition } from '@cassl/errors';
import { AliasChangeKind, type Manifest } from '@cassl/proto';
import { checkAlias } from '@cassl/rpc';
import type { Transaction } from 'kysely';
import { checkActor, checkReason } from '../check-request.ts';
import { recordCheckpoint } from '../checkpoints/publish-checkpoint.ts';
import { isWhole } from '../checkpoints/seal.ts';
import type { WholeFile } from '../checkpoints/whole-file.ts';
import { digestLease } from '../checkpoints/receive-upload.ts';
import { stagedFile } from '../checkpoints/staged-files.ts';
import { withLease, type Lease } from '../database/lease.ts';
import { asJson, type Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import {
  appendChange,
  changeAlias,
  lockCheckpoint,
  nextChange,
  type LockedAlias,
  type Mover,
} from './change-alias.ts';
import { checkRule } from './check-rule.ts';
import { applyOperations, type AliasFiles, type FileOperation } from './commit-files.ts';
import { canonicalFiles, type FileSet } from './file-set.ts';

/** A change of what an alias shows: weights that are stored already, and files beside them. */
export interface AliasCommit extends Mover {
  readonly alias: string;
  readonly operations: readonly FileOperation[];
  /** Of weights that are new here; the first manifest stays. */
  readonly manifest: Manifest;
  /** The revision that the committer saw; empty for any. */
  readonly parent: string;
}

/** Weights that are not published yet, and the right to do it. */
interface NewWeights {
  readonly file: WholeFile;
  readonly lease: Lease;
}

/**
 * Publishes and moves in one transaction, under the alias's rule; what changes nothing appends nothing. Files that come before
 * the first weights wait for them.
 * @returns the alias's revision
 * @throws ABORTED when the alias has another revision than the parent, FAILED_PRECONDITION for weights that were not
 *   uploaded, a tag, or what the rule misses
 */
export async function commitAlias(
  registry: Registry,
  commit: AliasCommit,
  signal: AbortSignal,
): Promise<string> {
  checkAlias('alias', commit.alias);
  checkReason(commit.reason);
  checkActor(commit.actor);
  const weights = commit.operations.findLast((operation) => operation.kind === 'weights');
  if (weights === undefined || (await isWhole(registry, weights.digest)))
    return apply(registry, commit, undefined);
  return withLease(registry.db, digestLease(weights.digest), signal, async (lease) => {
    const file = await stagedFile(registry, weights.digest);
    if (file !== undefined) return apply(registry, commit, { file, lease });
    // Published by somebody else while we waited.
    if (await isWhole(registry, weights.digest)) return apply(registry, commit, undefined);
    throw failedPrecondition(`${weights.path}: its bytes ${weights.digest} were not uploaded`);
  });
}

function apply(registry: Registry, commit: AliasCommit, weights: NewWeights | undefined): Promise<string> {
  return changeAlias(registry, commit.alias, async (transaction, current) => {
    if (current.isTag)
      throw failedPrecondition(`${commit.alias} is a tag, which takes no commits: name a branch`);
    const draft = await draftOf(transaction, current);
    checkParent(current, draft?.revision, commit.parent);
    const before = { digest: current.digest, files: current.digest === '' ? draft?.files : current.files };
    const after = await applyOperations(transaction, before, commit.operations);
    const seen = current.digest === '' ? draft?.revision : current.newest?.revision;
    if (isSame(before, after) && seen !== undefined) return seen;
    if (after.digest === '') return saveDraft(transaction, commit.alias, after.files, draft?.revision ?? '');
    if (weights !== undefined)
      await recordCheckpoint(transaction, weights.file, commit.manifest, weights.lease);
    return move(transaction, current, commit, after);
  });
}

async function move(
  transaction: Transaction<Database>,
  current: LockedAlias,
  { alias, reason, actor }: AliasCommit,
  { digest, files }: AliasFiles,
): Promise<string> {
  await lockCheckpoint(transaction, digest);
  if (digest !== current.digest) await checkRule(transaction, current, digest);
  const kind = AliasChangeKind.ALIAS_CHANGE_KIND_MOVE;
  const change = nextChange(current, { reason, actor, kind, digest, files });
  await appendChange(transaction, change, files);
  await transaction.deleteFrom('drafts').where('alias', '=', alias).execute();
  return change.revision;
}

function isSame(before: AliasFiles, after: AliasFiles): boolean {
  const text = ({ digest, files }: AliasFiles): string =>
    JSON.stringify([digest, files && canonicalFiles(files)]);
  return text(before) === text(after);
}

interface Draft {
  readonly files: FileSet;
  readonly revision: string;
}

async function draftOf(
  transaction: Transaction<Database>,
  { alias, digest }: LockedAlias,
): Promise<Draft | undefined> {
  if (digest !== '') return undefined;
  const row = await transaction
    .selectFrom('drafts')
    .selectAll()
    .where('alias', '=', alias)
    .executeTakeFirst();
  return row && { files: asJson(row.files) as FileSet, revision: row.revision };
}

function checkParent(
  { alias, digest, newest }: LockedAlias,
  draft: string | undefined,
  parent: string,
): void {
  const revision = digest === '' ? draft : newest?.revision;
  if (parent === '' || parent === revision || (revision?.startsWith(parent) === true && parent.length >= 7))
    return;
  throw new CasslError(
    'ABORTED',
    `a commit was made to ${alias} since ${parent.slice(0, 40)}: refresh and try again`,
    {
      details: { status: 412 },
    },
  );
}

async function saveDraft(
  transaction: Transaction<Database>,
  alias: string,
  files: FileSet | undefined,
  before: string,
): Promise<string> {
  const changedAt = new Date();
  const text = JSON.stringify(files ?? { weights: '', small: {} });
  const content = JSON.stringify([before, alias, text, changedAt.toISOString()]);
  const revision = createHash('sha256').update(content).digest('hex').slice(0, 40);
  const values = { files: text, revision, changed_at: changedAt };
  await transaction
    .insertInto('drafts')
    .values({ alias, ...values })
    .onConflict((conflict) => conflict.column('alias').doUpdateSet(values))
    .execute();
  return revision;
}
