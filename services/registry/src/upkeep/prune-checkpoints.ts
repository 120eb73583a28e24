import { errorCode, errorMessage, invalidArgument } from '@cassl/errors';
import {
  PrunedCheckpoint,
  Stage,
  stageToJSON,
  type PruneCheckpointsRequest,
  type PruneCheckpointsResponse,
} from '@cassl/proto';
import { fitReply } from '@cassl/rpc';
import { aliasHistory } from '../aliases/get-alias.ts';
import { rollbackTarget } from '../aliases/rollback-alias.ts';
import { checkWantedTags } from '../check-request.ts';
import { deleteCheckpoint } from '../checkpoints/delete-checkpoint.ts';
import { asDate } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { milliseconds } from './duration.ts';

interface Candidate {
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * Deletes by rule. What an alias points to or would roll back to stays, and so does everything that a checkpoint which stays
 * was made from; a chain that nothing needs goes whole, children first.
 */
export async function pruneCheckpoints(
  registry: Registry,
  request: PruneCheckpointsRequest,
  signal: AbortSignal,
): Promise<PruneCheckpointsResponse> {
  checkRule(request);
  const matching = await findMatching(registry, request);
  const kept = await findKept(registry, new Set(matching.map(({ digest }) => digest)));
  const checkpoints: PrunedCheckpoint[] = [];
  // Children were published after their parents: newest first, nobody is deleted while a child names it.
  for (const { digest, sizeBytes } of [...matching].reverse()) {
    signal.throwIfAborted();
    const reason = kept.get(digest) ?? (request.dryRun ? '' : await tryDelete(registry, digest, signal));
    checkpoints.push({ digest, sizeBytes, keptBecause: reason });
  }
  const freedBytes = checkpoints
    .filter(({ keptBecause }) => keptBecause === '')
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const told = fitReply(checkpoints.reverse(), PrunedCheckpoint);
  return { checkpoints: told, freedBytes, omittedCheckpoints: checkpoints.length - told.length };
}

function checkRule({ olderThan, stage, tags, keepNewest }: PruneCheckpointsRequest): void {
  const isEmpty = Object.keys(tags).length === 0 && stage === Stage.STAGE_UNSPECIFIED;
  if (isEmpty && olderThan === undefined && keepNewest === 0)
    throw invalidArgument('at least one of older_than, stage, tags and keep_newest must be set');
}

/** Oldest first. */
async function findMatching(
  { db }: Registry,
  { olderThan, stage, tags, keepNewest }: PruneCheckpointsRequest,
): Promise<Candidate[]> {
  let query = db
    .selectFrom('checkpoints')
    .select(['digest', 'size_bytes', 'created_at'])
    .orderBy('sequence', 'desc');
  if (stage !== Stage.STAGE_UNSPECIFIED) query = query.where('stage', '=', stageToJSON(stage));
  for (const [key, value] of Object.entries(checkWantedTags(tags))) {
    query = query.where('digest', 'in', (builder) =>
      builder
        .selectFrom('checkpoint_tags')
        .select('digest')
        .where('key', '=', key)
        .where('value', '=', value),
    );
  }
  const before = olderThan === undefined ? Infinity : Date.now() - milliseconds('older_than', olderThan);
  const rows = (await query.execute()).slice(keepNewest);
  return rows
    .filter(({ created_at }) => asDate(created_at).getTime() < before)
    .map(({ digest, size_bytes }) => ({ digest, sizeBytes: Number(size_bytes) }))
    .reverse();
}

/** Why each candidate that must stay does so: from aliases and from checkpoints that are no candidates, down the lineage. */
async function findKept({ db }: Registry, candidates: ReadonlySet<string>): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  const keep = (digest: string, reason: string): void => {
    if (candidates.has(digest) && !kept.has(digest)) kept.set(digest, reason);
  };
  for (const { alias, digest } of await db.selectFrom('aliases').select(['alias', 'digest']).execute()) {
    if (digest !== null) keep(digest, `alias ${alias} points to it`);
    const target = rollbackTarget(await aliasHistory({ db }, alias));
    if (target !== undefined) keep(target, `alias ${alias} would roll back to it`);
  }
  const steps = await db.selectFrom('checkpoint_parents').selectAll().execute();
  for (const { digest, parent } of steps)
    if (!candidates.has(digest)) keep(parent, `${digest} was made from it`);
  const parents = Map.groupBy(steps, ({ digest }) => digest);
  // A Map gives what is added while it is walked.
  for (const digest of kept.keys())
    for (const { parent } of parents.get(digest) ?? []) keep(parent, `${digest} was made from it`);
  return kept;
}

/** Somebody may need it since the rule was applied: then it stays. */
async function tryDelete(registry: Registry, digest: string, signal: AbortSignal): Promise<string> {
  try {
    await deleteCheckpoint(registry, digest, signal);
    return '';
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND') return '';
    if (errorCode(error) === 'FAILED_PRECONDITION') return errorMessage(error);
    throw error;
  }
}
