import type { Kysely } from 'kysely';
import type { Database } from '../../database/schema.ts';
import type { Branch } from '../repos/find-repo.ts';

/** Which of the branches' aliases were made as tags. */
export async function tagsOf(
  db: Kysely<Database>,
  branches: readonly Branch[],
): Promise<ReadonlySet<string>> {
  const aliases = branches.map(({ alias }) => alias).filter((alias) => alias !== '');
  if (aliases.length === 0) return new Set();
  const rows = await db
    .selectFrom('aliases')
    .select('alias')
    .where('alias', 'in', aliases)
    .where('tag_message', 'is not', null)
    .execute();
  return new Set(rows.map(({ alias }) => alias));
}
