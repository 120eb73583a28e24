import { errorCode } from '@cassl/errors';
import { Hono } from 'hono';
import type { PageParts } from '../page-parts.ts';
import type { ConsoleEnv } from '../http/session.ts';
import { firstOf } from './first-of.ts';

/** `GET /` those that kept their detections, newest first; `GET /:id` one evaluation, nothing where there is none: pages ask for the one that may have chosen a threshold. */
export function evaluationRoutes({ platform: { evaluator } }: PageParts): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/', async (context) => {
      const { call } = context.get('caller');
      const listed = await firstOf(MOST, async (page) => {
        const { jobs, nextPageToken } = await evaluator.listEvaluations({ ...page, state }, call);
        return { items: jobs, nextPageToken };
      });
      const kept = listed.items.filter(
        ({ detectionsUri, spec }) => detectionsUri !== '' && spec?.dataset !== undefined,
      );
      return context.json({
        evaluations: kept.map(({ status }) => status?.id ?? ''),
        searched: listed.items.length,
        isMore: listed.isMore,
      });
    })
    .get('/:id', async (context) => {
      const { call } = context.get('caller');
      const answer = evaluator.getEvaluation({ id: context.req.param('id') }, call);
      return context.json(await answer.catch(nothingWhereMissing));
    });
}

/** What a menu still takes; older ones are opened by their address. */
const MOST = 500;
const state = 'JOB_STATE_SUCCEEDED' as const;

function nothingWhereMissing(error: unknown): { job: undefined } {
  if (errorCode(error) === 'NOT_FOUND') return { job: undefined };
  throw error;
}
