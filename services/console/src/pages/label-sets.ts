import { invalidArgument, notFound } from '@cassl/errors';
import type { EvaluationJob, LabeledDataset } from '@cassl/proto';
import { Hono, type Context } from 'hono';
import type { PageParts } from '../page-parts.ts';
import { queryChoice, queryNumber, queryWhole } from '../http/read-query.ts';
import type { Caller, ConsoleEnv } from '../http/session.ts';
import { ORDERS, SHOWN, type ImageFilter } from '../label-sets/select-images.ts';
import { scoreCounts } from '../label-sets/score-counts.ts';
import { openTruth, type OpenTruth } from '../label-sets/truth.ts';
import { PICTURE_SIZES } from '../thumbnails/thumbnails.ts';

const MAX_PAGE = 200;
/** Detectors answer a hundred boxes an image, most of them with next to no score. */
const USUAL_ABOVE = 0.3;

/**
 * Of the label set `?set=ADDRESS`: `GET /scores` how its scores are spread, `GET /head` what it is, `GET /images` a page of its images,
 * `GET /picture` one of them. With `&job=ID` the truth of the pool comes from the pipeline of that labeling job, with `&evaluation=ID` from
 * the evaluation whose detections the set holds: `GET /of-evaluation?evaluation=ID&above=SCORE` is its address.
 */
export function labelSetRoutes({
  platform,
  imageSets,
  detectionSets,
  thumbnails,
}: PageParts): Hono<ConsoleEnv> {
  const truthOf = async (context: Context<ConsoleEnv>): Promise<OpenTruth | undefined> => {
    const evaluation = context.req.query('evaluation') ?? '';
    if (evaluation !== '') return truthOfEvaluation(await evaluationOf(platform, evaluation, context));
    const named = await truthOfJob(platform, context.req.query('job') ?? '', context.get('caller').call);
    return named === undefined ? undefined : openTruth(named);
  };
  return new Hono<ConsoleEnv>()
    .get('/of-evaluation', async (context) => {
      const job = await evaluationOf(platform, context.req.query('evaluation') ?? '', context);
      const above = queryNumber('above', context.req.query('above'), {
        otherwise: USUAL_ABOVE,
        min: 0,
        max: 1,
      });
      return context.json({ set: await detectionSets.addressOf(job, above) });
    })
    .get('/scores', async (context) => context.json(scoreCounts(await imageSets.open(addressOf(context)))))
    .get('/head', async (context) => {
      const { set } = await imageSets.open(addressOf(context));
      const truth = await truthOf(context);
      const { header, totals, digest } = set;
      return context.json({ ...header, totals, digest, categories: truth?.categories ?? null });
    })
    .get('/images', async (context) =>
      context.json(
        await imageSets.page({
          address: addressOf(context),
          truth: await truthOf(context),
          filter: filterOf(context),
          from: positionOf(context, 'from'),
          count: queryWhole('count', context.req.query('count'), { otherwise: 60, min: 1, max: MAX_PAGE }),
          masks: queryChoice('masks', context.req.query('masks') || undefined, ['0', '1']) === '1',
        }),
      ),
    )
    .get('/picture', async (context) => {
      const at = positionOf(context, 'at');
      const wanted = queryNumber('size', context.req.query('size'), {
        otherwise: PICTURE_SIZES[0],
        min: 1,
        max: 10_000,
      });
      const size = PICTURE_SIZES.find((made) => made >= wanted) ?? PICTURE_SIZES[1];
      const location = await imageSets.at(addressOf(context), at);
      if (location === undefined) throw notFound(`the label set has no image at position ${at}`);
      return context.body(await thumbnails.get(location, size, context.req.raw.signal), 200, {
        'content-type': 'image/jpeg',
        // A set never changes, and its address says which it is.
        'cache-control': 'private, max-age=86400, immutable',
      });
    });
}

/** @throws NOT_FOUND */
async function evaluationOf(
  { evaluator }: PageParts['platform'],
  id: string,
  context: Context<ConsoleEnv>,
): Promise<EvaluationJob> {
  const { job } = await evaluator.getEvaluation({ id }, context.get('caller').call);
  if (job === undefined) throw notFound(`there is no evaluation ${JSON.stringify(id)}`);
  return job;
}

function truthOfEvaluation({ spec }: EvaluationJob): Promise<OpenTruth> | undefined {
  return spec?.dataset === undefined ? undefined : openTruth(spec.dataset);
}

/** The pipeline's id is the beginning of its jobs' ids. */
async function truthOfJob(
  { pipelines }: PageParts['platform'],
  job: string,
  call: Caller['call'],
): Promise<LabeledDataset | undefined> {
  if (!job.endsWith('-labeling')) return undefined;
  const id = job.slice(0, -'-labeling'.length);
  // A labeling that somebody named so has no pipeline.
  const found = await pipelines.get({ id }, call).catch(() => undefined);
  return found?.pipeline?.spec?.unlabeledTruth;
}

function addressOf({ req }: Context): string {
  const set = req.query('set') ?? '';
  if (set === '') throw invalidArgument('set must be the address of a label set, got nothing');
  return set;
}

function positionOf(context: Context, name: string): number {
  return queryWhole(name, context.req.query(name), { otherwise: 0, min: 0, max: Number.MAX_SAFE_INTEGER });
}

function filterOf(context: Context): ImageFilter {
  const share = (name: string, otherwise: number): number =>
    queryNumber(name, context.req.query(name), { otherwise, min: 0, max: 1 });
  return {
    show: queryChoice('show', context.req.query('show'), SHOWN),
    order: queryChoice('order', context.req.query('order'), ORDERS),
    minScore: share('minScore', 0),
    maxScore: share('maxScore', 1),
    minSize: share('minSize', 0),
    maxSize: share('maxSize', 1),
    category: queryWhole('category', context.req.query('category'), { otherwise: -1, min: -1, max: 31 }),
  };
}
