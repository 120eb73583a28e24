import { invalidArgument } from '@cassl/errors';
import { Alias, AliasRule, type ListAliasesRequest, type ListAliasesResponse } from '@cassl/proto';
import { fitReply } from '@cassl/rpc';
import { asDate, asJson } from '../database/schema.ts';
import type { Registry } from '../registry.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

export interface ListedAlias {
  readonly alias: string;
  readonly digest: string;
  readonly revision: string;
  readonly changedAt: Date;
  readonly rule: AliasRule | undefined;
}

/** Aliases that point somewhere, in the order of their bytes, after a name; at most `limit` (default 1,000). */
export async function listAliases(
  { db }: Pick<Registry, 'db'>,
  options: { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
): Promise<ListedAlias[]> {
  const { prefix = '', after = '', limit = MAX_PAGE } = options;
  const rows = await db
    .selectFrom('aliases')
    .innerJoin('alias_changes', (join) =>
      join.onRef('alias_changes.sequence', '=', (builder) =>
        builder
          .selectFrom('alias_changes as newest')
          .select(({ fn }) => fn.max('newest.sequence').as('sequence'))
          .whereRef('newest.alias', '=', 'aliases.alias'),
      ),
    )
    .select([
      'aliases.alias',
      'aliases.digest',
      'aliases.rule',
      'alias_changes.revision',
      'alias_changes.changed_at',
    ])
    .where('aliases.digest', 'is not', null)
    .where('aliases.alias', '>', after)
    .where('aliases.alias', '>=', prefix)
    // Names are ASCII, and "~" comes after all that they may hold.
    .where('aliases.alias', '<', `${prefix}~`)
    .orderBy('aliases.alias')
    .limit(limit)
    .execute();
  return rows.map(({ alias, digest, rule, revision, changed_at }) => ({
    alias,
    digest: digest ?? '',
    revision,
    changedAt: asDate(changed_at),
    rule: rule === null ? undefined : AliasRule.fromJSON(asJson(rule)),
  }));
}

/** A page token is the last name seen. */
export async function listAliasPage(
  registry: Pick<Registry, 'db'>,
  { prefix, pageSize, pageToken }: ListAliasesRequest,
): Promise<ListAliasesResponse> {
  if (pageSize > MAX_PAGE) throw invalidArgument(`page_size must be 0 to ${MAX_PAGE}, got ${pageSize}`);
  const limit = pageSize === 0 ? DEFAULT_PAGE : pageSize;
  const found = await listAliases(registry, { prefix, after: pageToken, limit: limit + 1 });
  const page = fitReply<Alias>(found.slice(0, limit), Alias);
  return { aliases: page, nextPageToken: found.length > page.length ? (page.at(-1)?.alias ?? '') : '' };
}
