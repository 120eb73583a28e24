import type { Labeling, LabelFile } from '@cassl/proto';
import { Hono, type Context } from 'hono';
import type { PageParts } from '../page-parts.ts';
import { poll } from '../http/poll.ts';
import { firstOf, wantedCount, type Listed } from './first-of.ts';
import { sendEvents } from '../http/send-events.ts';
import type { Caller, ConsoleEnv } from '../http/session.ts';

const LIST_EVERY_MS = 2000;
/** Shards that a chart over the pool shows; of larger jobs it shows the first. */
const MAX_SHARDS = 20_000;
const SHARDS_PAGE = 1000;
/** Points of that chart. */
const MAX_POINTS = 400;

/** What the teacher found in neighbouring shards of the pool. */
export interface ShardsPoint {
  /** Position of the first of them. */
  readonly shard: number;
  readonly images: number;
  readonly emptyRate: number;
  readonly labelsPerImage: number;
}

/** `GET /events?most=100` the newest of the list, `GET /:id/events` one job, `GET /:id/shards` the teacher over the pool, `POST /:id/pause` and so on. */
export function labelingRoutes({ platform: { labeler }, stopping }: PageParts): Hono<ConsoleEnv> {
  const shards = (id: string, call: Caller['call']): Promise<Listed<LabelFile>> =>
    firstOf(
      MAX_SHARDS,
      async (page) => {
        const { files: items, nextPageToken } = await labeler.listLabelFiles({ id, ...page }, call);
        return { items, nextPageToken };
      },
      SHARDS_PAGE,
    );
  const change =
    (act: (id: string, call: Caller['call']) => Promise<{ labeling: Labeling | undefined }>) =>
    async (context: Context<ConsoleEnv, '/:id/:verb'>): Promise<Response> =>
      context.json(await act(context.req.param('id'), context.get('caller').call));
  return new Hono<ConsoleEnv>()
    .get('/events', (context) => {
      const { call } = context.get('caller');
      const most = wantedCount(context.req.query('most'));
      const list = (signal: AbortSignal): Promise<Listed<Labeling>> =>
        firstOf(most, async (page) => {
          const { labelings: items, nextPageToken } = await labeler.listLabelings(page, { ...call, signal });
          return { items, nextPageToken };
        });
      return sendEvents(context, stopping, (signal) => poll(list, { everyMs: LIST_EVERY_MS, signal }));
    })
    .get('/:id/events', (context) => {
      const { call } = context.get('caller');
      const id = context.req.param('id');
      return sendEvents(context, stopping, (signal) => labeler.watchLabeling({ id }, { ...call, signal }));
    })
    .get('/:id/shards', async (context) => {
      const { items, isMore } = await shards(context.req.param('id'), context.get('caller').call);
      return context.json({ points: toPoints(items), shards: items.length, isMore });
    })
    .post(
      '/:id/pause',
      change((id, call) => labeler.pauseLabeling({ id, reason: 'asked for in the console' }, call)),
    )
    .post(
      '/:id/resume',
      change((id, call) => labeler.resumeLabeling({ id }, call)),
    )
    .post(
      '/:id/cancel',
      change((id, call) => labeler.cancelLabeling({ id }, call)),
    )
    .post(
      '/:id/retry',
      change((id, call) => labeler.retryDeadShards({ id }, call)),
    );
}

function toPoints(files: readonly LabelFile[]): ShardsPoint[] {
  const group = Math.max(1, Math.ceil(files.length / MAX_POINTS));
  return Array.from({ length: Math.ceil(files.length / group) }, (_, at) =>
    toPoint(files.slice(at * group, (at + 1) * group)),
  );
}

function toPoint(files: readonly LabelFile[]): ShardsPoint {
  const sum = (value: (file: LabelFile) => number): number =>
    files.reduce((total, file) => total + value(file), 0);
  const seen = sum(({ labeledImages, emptyImages }) => labeledImages + emptyImages);
  return {
    shard: files[0]?.index ?? 0,
    images: seen + sum(({ failedImages }) => failedImages),
    emptyRate: seen === 0 ? 0 : sum(({ emptyImages }) => emptyImages) / seen,
    labelsPerImage: seen === 0 ? 0 : sum(({ labelCount }) => labelCount) / seen,
  };
}
