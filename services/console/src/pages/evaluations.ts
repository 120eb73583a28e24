import { errorCode } from '@cassl/errors';
import { Hono } from 'hono';
import type { PageParts } from '../page-parts.ts';
import type { ConsoleEnv } from '../http/session.ts';

/** `GET /` those that kept their detections, newest first; `GET /:id` one evaluation, nothing where there is none: pages ask for the one that may have chosen a threshold. */
export function evaluationRoutes({ platform: { evaluator } }: PageParts): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>()
    .get('/', async (context) => {
      const { call } = context.get('caller');
      const request = { state: 'JOB_STATE_SUCCEEDED' as const, pageSize: MOST, pageToken: '' };
      const { jobs } = await evaluator.listEvaluations(request, call);
      const kept = jobs.filter(
        ({ detectionsUri, spec }) => detectionsUri !== '' && spec?.dataset !== undefined,
      );
      return context.json({ evaluations: kept.map(({ status }) => status?.id ?? '') });
    })
    .get('/:id', async (context) => {
      const { call } = context.get('caller');
      const answer = evaluator.getEvaluation({ id: context.req.param('id') }, call);
      return context.json(await answer.catch(nothingWhereMissing));
    });
}

/** What one call answers at most. */
const MOST = 500;

function nothingWhereMissing(error: unknown): { job: undefined } {
  if (errorCode(error) === 'NOT_FOUND') return { job: undefined };
  throw error;
}
