import { notFound } from '@cassl/errors';
import type { AliasChange, GetAliasResponse } from '@cassl/proto';
import type { Kysely, Selectable } from 'kysely';
import { checkAlias } from '../check-request.ts';
import type { Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';

export async function getAlias({ db }: Registry, alias: string): Promise<GetAliasResponse> {
  checkAlias(alias);
  const history = (await changesOf(db, alias).execute()).map(toMessage);
  const newest = history[0];
  if (newest === undefined) throw notFound(`alias ${alias} does not exist`);
  return { digest: newest.digest, history };
}

export async function newestChange(db: Kysely<Database>, alias: string): Promise<AliasChange | undefined> {
  const row = await changesOf(db, alias).limit(1).executeTakeFirst();
  return row && toMessage(row);
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
    changedAt: row.changed_at,
    reason: row.reason,
  };
}
