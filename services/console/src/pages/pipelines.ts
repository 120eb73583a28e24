import type { Pipeline } from '@cassl/proto';
import { Hono } from 'hono';
import type { PageParts } from '../page-parts.ts';
import { poll } from '../http/poll.ts';
import { firstOf, wantedCount, type Listed } from './first-of.ts';
import { sendEvents } from '../http/send-events.ts';
import type { ConsoleEnv } from '../http/session.ts';

/** Between two looks at the list: PipelineService has no watch over all. */
const LIST_EVERY_MS = 1000;

/** A line of the list. */
export type PipelineLine = Pick<Pipeline, 'status'> & {
  readonly name: string;
  readonly running: readonly string[];
};

/** `GET /events?most=100` the newest of the list, `GET /:id/events` one pipeline, `POST /:id/cancel` and `/:id/resume`. */
export function pipelineRoutes({ platform, stopping }: PageParts): Hono<ConsoleEnv> {
  const { pipelines } = platform;
  return new Hono<ConsoleEnv>()
    .get('/events', (context) => {
      const { call } = context.get('caller');
      const most = wantedCount(context.req.query('most'));
      const list = (signal: AbortSignal): Promise<Listed<PipelineLine>> =>
        firstOf(most, async (page) => {
          const { pipelines: found, nextPageToken } = await pipelines.list(page, { ...call, signal });
          return { items: found.map(toLine), nextPageToken };
        });
      return sendEvents(context, stopping, (signal) => poll(list, { everyMs: LIST_EVERY_MS, signal }));
    })
    .get('/:id/events', (context) => {
      const { call } = context.get('caller');
      const id = context.req.param('id');
      return sendEvents(context, stopping, (signal) => pipelines.watch({ id }, { ...call, signal }));
    })
    .post('/:id/cancel', async (context) => {
      const { call } = context.get('caller');
      return context.json(await pipelines.cancel({ id: context.req.param('id') }, call));
    })
    .post('/:id/resume', async (context) => {
      const { call } = context.get('caller');
      return context.json(await pipelines.resume({ id: context.req.param('id') }, call));
    });
}

function toLine({ status, spec, stages }: Pipeline): PipelineLine {
  const running = stages.filter((stage) => stage.status?.state === 'JOB_STATE_RUNNING');
  return { status, name: spec?.name ?? '', running: running.map(({ name }) => name) };
}
