import { errorCode, errorMessage } from '@cassl/errors';
import type { Alias } from '@cassl/proto';
import { Hono } from 'hono';
import type { Caller, ConsoleEnv } from '../http/session.ts';
import { LIST_LIMIT } from '../contract/list-limit.ts';
import type { PageParts } from '../page-parts.ts';
import { firstOf, wantedCount, type Listed } from './first-of.ts';

const PAGE = 50;
const ALIASES_PAGE = 1000;

/** Whether an alias could move to a checkpoint now. */
export interface Gate {
  readonly alias: string;
  readonly passes: boolean;
  /** What its rule misses. */
  readonly reason: string;
}

/**
 * `GET /checkpoints` a page of them, `GET /checkpoints/:reference` one with evaluations and lineage, `POST /checkpoints/:reference/gates` what
 * every alias with a rule would say to it, `GET /aliases?most=100` the first by name, `GET /alias?name=` one with its history.
 */
export function registryRoutes({ platform: { registry }, registryHttpUrl }: PageParts): Hono<ConsoleEnv> {
  const firstAliases = (most: number, call: Caller['call']): Promise<Listed<Alias>> =>
    firstOf(
      most,
      async (page) => {
        const { aliases: items, nextPageToken } = await registry.listAliases({ prefix: '', ...page }, call);
        return { items, nextPageToken };
      },
      ALIASES_PAGE,
    );
  /** Asks for the move without making it: the registry itself says what the rule misses. */
  const gate = async (alias: string, reference: string, call: Caller['call']): Promise<Gate> => {
    try {
      await registry.setAlias(
        { alias, reference, expectedDigest: '', reason: '', onlyIfNew: false, actor: '', validateOnly: true },
        call,
      );
      return { alias, passes: true, reason: '' };
    } catch (error) {
      // Some may move the aliases of their own team only.
      if (!['FAILED_PRECONDITION', 'PERMISSION_DENIED'].includes(errorCode(error))) throw error;
      return { alias, passes: false, reason: errorMessage(error) };
    }
  };
  return new Hono<ConsoleEnv>()
    .get('/checkpoints', async (context) => {
      const pageToken = context.req.query('after') ?? '';
      const request = { stage: 'STAGE_UNSPECIFIED' as const, tags: {}, pageSize: PAGE, pageToken };
      return context.json(await registry.listCheckpoints(request, context.get('caller').call));
    })
    .get('/checkpoints/:reference', async (context) => {
      const { call } = context.get('caller');
      const reference = context.req.param('reference');
      const [found, lineage] = await Promise.all([
        registry.getCheckpoint({ reference }, call),
        registry.getLineage({ reference, maxDepth: 0 }, call),
      ]);
      return context.json({ ...found, lineage, registryHttpUrl });
    })
    .post('/checkpoints/:reference/gates', async (context) => {
      const { call } = context.get('caller');
      const reference = context.req.param('reference');
      const { items, isMore } = await firstAliases(LIST_LIMIT, call);
      const ruled = items.filter(({ rule }) => rule !== undefined);
      return context.json({
        gates: await Promise.all(ruled.map(({ alias }) => gate(alias, reference, call))),
        seenAliases: items.length,
        isMore,
      });
    })
    .get('/aliases', async (context) => {
      const most = wantedCount(context.req.query('most'));
      const { items, isMore } = await firstAliases(most, context.get('caller').call);
      return context.json({ aliases: items, isMore });
    })
    .get('/alias', async (context) => {
      const alias = context.req.query('name') ?? '';
      return context.json(await registry.getAlias({ alias, at: undefined }, context.get('caller').call));
    });
}
