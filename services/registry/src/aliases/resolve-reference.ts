import { invalidArgument, notFound } from '@cassl/errors';
import type { AliasChange } from '@cassl/proto';
import type { Registry } from '../registry.ts';
import { aliasHistory, getAlias } from './get-alias.ts';

/**
 * The digest that a reference names: a whole digest (with or without "sha256:"), an alias, or at least 8 leading hex digits.
 * @throws NOT_FOUND, or INVALID_ARGUMENT for a beginning that fits several checkpoints
 */
export async function resolveReference(
  { db }: Pick<Registry, 'db'>,
  reference: string,
  options: {
    readonly at?: Date;
    /** The request's field, for messages. @default reference */
    readonly field?: string;
  } = {},
): Promise<string> {
  const name = reference.replace(/^sha256:/, '');
  if (name === '')
    throw invalidArgument(
      `${options.field ?? 'reference'} must be a digest, 8 or more leading digits of one, or an alias`,
    );
  if (/^[0-9a-f]{8,64}$/.test(name)) {
    const found = await db
      .selectFrom('checkpoints')
      .select('digest')
      .where('digest', 'like', `${name}%`)
      .orderBy('digest')
      .limit(2)
      .execute();
    const [first, second] = found;
    if (first === undefined) throw notFound(`no checkpoint has a digest that begins with ${name}`);
    if (second !== undefined) {
      throw invalidArgument(
        `${name} is the beginning of several digests, for example ${first.digest} and ${second.digest}: give more digits`,
      );
    }
    return first.digest;
  }
  if (options.at !== undefined) {
    const { digest } = await getAlias({ db }, { alias: name, at: options.at });
    if (digest === '') throw notFound(`alias ${name} was deleted at ${options.at.toISOString()}`);
    return digest;
  }
  const row = await db.selectFrom('aliases').select('digest').where('alias', '=', name).executeTakeFirst();
  if (row === undefined || row.digest === null)
    throw notFound(`alias ${name} does not exist, and it is no digest of 8 or more hex digits`);
  return row.digest;
}

/**
 * The change that a revision of an alias names, by its 40 hex digits or at least 7 leading ones.
 * @throws NOT_FOUND for an unknown one, INVALID_ARGUMENT for a beginning that fits several
 */
export async function resolveRevision(
  { db }: Pick<Registry, 'db'>,
  alias: string,
  revision: string,
): Promise<AliasChange> {
  const isHex = /^[0-9a-f]{7,40}$/.test(revision);
  const found = (isHex ? await aliasHistory({ db }, alias) : []).filter((change) =>
    change.revision.startsWith(revision),
  );
  const [first, second] = found;
  if (first === undefined) throw notFound(`alias ${alias} has no revision ${revision}`);
  if (second !== undefined)
    throw invalidArgument(`${revision} is the beginning of several revisions of ${alias}`);
  return first;
}
