import { invalidArgument } from '@cassl/errors';
import type { Training, WatchTrainingResponse } from '@cassl/proto';
import { httpFailure } from '@cassl/rpc';
import { Hono } from 'hono';
import type { PageParts } from '../page-parts.ts';
import { poll } from '../http/poll.ts';
import { firstOf, wantedCount, type Listed } from './first-of.ts';
import { merge } from '../http/merge.ts';
import { sendEvents } from '../http/send-events.ts';
import type { ConsoleEnv } from '../http/session.ts';

const LIST_EVERY_MS = 2000;
/** More lines than that nobody can tell apart. */
const MAX_RUNS = 24;

/** One of several runs on the way: its state with the points not sent before, or why there is none. */
export interface RunEvent {
  readonly id: string;
  readonly training?: Training | undefined;
  readonly error?: { readonly code: string; readonly message: string };
}

/** `GET /events?most=100` the newest of the list without curves; `GET /watch?ids=A,B` several trainings: their curves so far, then each new point. */
export function trainingRoutes({ platform, stopping }: PageParts): Hono<ConsoleEnv> {
  const { trainer } = platform;
  return new Hono<ConsoleEnv>()
    .get('/events', (context) => {
      const { call } = context.get('caller');
      const most = wantedCount(context.req.query('most'));
      const list = (signal: AbortSignal): Promise<Listed<Training>> =>
        firstOf(most, async (page) => {
          const { trainings: items, nextPageToken } = await trainer.listTrainings(page, { ...call, signal });
          return { items, nextPageToken };
        });
      return sendEvents(context, stopping, (signal) => poll(list, { everyMs: LIST_EVERY_MS, signal }));
    })
    .get('/watch', (context) => {
      const { call } = context.get('caller');
      const ids = idsOf(context.req.query('ids') ?? '');
      return sendEvents(context, stopping, (signal) =>
        merge(ids.map((id) => follow(id, trainer.watchTraining({ id }, { ...call, signal })))),
      );
    })
    .post('/:id/cancel', async (context) => {
      const { call } = context.get('caller');
      return context.json(await trainer.cancelTraining({ id: context.req.param('id') }, call));
    })
    .post('/:id/resume', async (context) => {
      const { call } = context.get('caller');
      return context.json(await trainer.resumeTraining({ id: context.req.param('id') }, call));
    });
}

function idsOf(text: string): string[] {
  const ids = [...new Set(text.split(',').filter((id) => id !== ''))];
  if (ids.length > 0 && ids.length <= MAX_RUNS) return ids;
  throw invalidArgument(
    `ids must be 1 to ${MAX_RUNS} ids of trainings, separated by commas, got ${ids.length}`,
  );
}

/** What is wrong with one run does not end the others. */
async function* follow(id: string, updates: AsyncIterable<WatchTrainingResponse>): AsyncGenerator<RunEvent> {
  try {
    for await (const { training } of updates) yield { id, training };
  } catch (error) {
    const { code, message } = httpFailure(error);
    if (code === 'UNAVAILABLE' || code === 'UNAUTHENTICATED') throw error;
    yield { id, error: { code, message } };
  }
}
