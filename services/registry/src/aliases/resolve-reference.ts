import { invalidArgument, notFound } from '@cassl/errors';
import type { Registry } from '../registry.ts';

/**
 * The digest that a reference names: a whole digest (with or without "sha256:"), an alias, or at least 8 leading hex digits.
 * @throws NOT_FOUND, or INVALID_ARGUMENT for a beginning that fits several checkpoints
 */
export async function resolveReference({ db }: Pick<Registry, 'db'>, reference: string): Promise<string> {
  const name = reference.replace(/^sha256:/, '');
  if (name === '')
    throw invalidArgument('reference must be a digest, 8 or more leading digits of one, or an alias');
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
  const alias = await db.selectFrom('aliases').select('digest').where('alias', '=', name).executeTakeFirst();
  if (alias === undefined)
    throw notFound(`alias ${name} does not exist, and it is no digest of 8 or more hex digits`);
  return alias.digest;
}
