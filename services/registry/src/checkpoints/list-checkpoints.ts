import { invalidArgument } from '@cassl/errors';
import {
  Checkpoint,
  Stage,
  stageToJSON,
  type ListCheckpointsRequest,
  type ListCheckpointsResponse,
} from '@cassl/proto';
import { ReplyRoom } from '@cassl/rpc';
import { checkWantedTags } from '../check-request.ts';
import { readCheckpoints } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
/** A thousand long manifests are never in memory at once. */
const ROWS_AT_ONCE = 25;

/** Newest first, fewer than asked for where their manifests are long. A page token is the sequence number of the last checkpoint seen, so that new ones do not shift pages. */
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
  for (const [key, value] of Object.entries(checkWantedTags(tags))) {
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
  const page: Checkpoint[] = [];
  const room = new ReplyRoom();
  let last: string | undefined;
  for (;;) {
    const before = last;
    const batch = before === undefined ? query : query.where('sequence', '<', Number(before));
    const rows = await batch.limit(ROWS_AT_ONCE).execute();
    const checkpoints = await readCheckpoints(db, rows);
    for (const [index, checkpoint] of checkpoints.entries()) {
      const isFull = page.length === limit || !room.take(Checkpoint, checkpoint);
      if (isFull && page.length > 0) return { checkpoints: page, nextPageToken: last ?? '' };
      page.push(checkpoint);
      last = String(rows[index]?.sequence ?? '');
    }
    if (rows.length < ROWS_AT_ONCE) return { checkpoints: page, nextPageToken: '' };
  }
}
