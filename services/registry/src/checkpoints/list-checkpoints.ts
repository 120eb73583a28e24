import { invalidArgument } from '@cassl/errors';
import { Stage, stageToJSON, type ListCheckpointsRequest, type ListCheckpointsResponse } from '@cassl/proto';
import { readCheckpoints } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

/** Newest first. A page token is the sequence number of the last checkpoint seen, so that new ones do not shift pages. */
export async function listCheckpoints(
  { db }: Registry,
  { stage, tags, pageSize, pageToken }: ListCheckpointsRequest,
): Promise<ListCheckpointsResponse> {
  if (pageSize > MAX_PAGE) throw invalidArgument(`page_size must be 0 to ${MAX_PAGE}, got ${pageSize}`);
  if (!/^\d{0,15}$/.test(pageToken)) {
    throw invalidArgument(
      `page_token must be one that ListCheckpoints gave, got ${JSON.stringify(pageToken)}`,
    );
  }
  const limit = pageSize === 0 ? DEFAULT_PAGE : pageSize;
  let query = db.selectFrom('checkpoints').selectAll().orderBy('sequence', 'desc');
  if (stage !== Stage.STAGE_UNSPECIFIED) query = query.where('stage', '=', stageToJSON(stage));
  if (pageToken !== '') query = query.where('sequence', '<', Number(pageToken));
  for (const [key, value] of Object.entries(tags)) {
    query = query.where((builder) =>
      builder.exists(
        builder
          .selectFrom('checkpoint_tags')
          .select('key')
          .whereRef('checkpoint_tags.digest', '=', 'checkpoints.digest')
          .where('key', '=', key)
          .where('value', '=', value),
      ),
    );
  }
  const rows = await query.limit(limit + 1).execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    checkpoints: await readCheckpoints(db, page),
    nextPageToken: rows.length > limit && last !== undefined ? String(last.sequence) : '',
  };
}
