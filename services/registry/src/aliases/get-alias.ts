import { notFound } from '@cassl/errors';
import {
  AliasChange,
  AliasRule,
  aliasChangeKindFromJSON,
  type GetAliasRequest,
  type GetAliasResponse,
} from '@cassl/proto';
import type { Kysely, Selectable } from 'kysely';
import { checkAlias, fitReply } from '@cassl/rpc';
import { asDate, asJson, type Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';

/** An alias now, or as it was at a time: its state then is what the newest change until then left. */
export async function getAlias(
  { db }: Pick<Registry, 'db'>,
  { alias, at }: GetAliasRequest,
): Promise<GetAliasResponse> {
  checkAlias('alias', alias);
  const all = await aliasHistory({ db }, alias);
  const history =
    at === undefined ? all : all.filter(({ changedAt }) => changedAt !== undefined && changedAt <= at);
  const newest = history[0];
  if (newest === undefined) {
    const when =
      at === undefined || all.length === 0 ? 'does not exist' : `did not exist at ${at.toISOString()}`;
    throw notFound(`alias ${alias} ${when}`);
  }
  const rule = at === undefined ? await ruleOf(db, alias) : undefined;
  const given = fitReply(history, AliasChange);
  return { digest: newest.digest, history: given, rule, omittedChanges: history.length - given.length };
}

/** Every change, newest first; empty for an alias that never was. */
export async function aliasHistory({ db }: Pick<Registry, 'db'>, alias: string): Promise<AliasChange[]> {
  return (await changesOf(db, alias).execute()).map(toMessage);
}

export async function newestChange(db: Kysely<Database>, alias: string): Promise<AliasChange | undefined> {
  const row = await changesOf(db, alias).limit(1).executeTakeFirst();
  return row && toMessage(row);
}

async function ruleOf(db: Kysely<Database>, alias: string): Promise<AliasRule | undefined> {
  const row = await db.selectFrom('aliases').select('rule').where('alias', '=', alias).executeTakeFirst();
  return row?.rule == null ? undefined : AliasRule.fromJSON(asJson(row.rule));
}

// The builder's type says nothing that the query does not.

function changesOf(db: Kysely<Database>, alias: string) {
  return db.selectFrom('alias_changes').selectAll().where('alias', '=', alias).orderBy('sequence', 'desc');
}

function toMessage(row: Selectable<Database['alias_changes']>): AliasChange {
  return {
    alias: row.alias,
    digest: row.digest,
    previousDigest: row.previous_digest,
    changedAt: asDate(row.changed_at),
    reason: row.reason,
    kind: aliasChangeKindFromJSON(row.kind),
    actor: row.actor,
    revision: row.revision,
  };
}
