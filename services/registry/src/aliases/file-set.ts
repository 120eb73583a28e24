import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { asJson, type Database } from '../database/schema.ts';

/** A file beside the weights, kept in the database by its content. */
export interface SmallFile {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** As git names it. */
  readonly gitOid: string;
}

/** What a commit left in a repository: the name of the weights, and the files beside them by path. */
export interface FileSet {
  readonly weights: string;
  readonly small: Readonly<Record<string, SmallFile>>;
}

export const WEIGHTS = 'model.safetensors';
export const NO_FILES: FileSet = { weights: WEIGHTS, small: {} };

/** Sets never change: those that were asked for last need no second look. */
const KEPT_SETS = 64;
const sets = new Map<string, FileSet | undefined>();

/** The files of a change; `undefined` where it has none. */
export async function fileSetOf(
  db: Kysely<Database>,
  alias: string,
  revision: string,
): Promise<FileSet | undefined> {
  if (sets.has(revision)) return sets.get(revision);
  const row = await db
    .selectFrom('alias_changes')
    .select('files')
    .where('alias', '=', alias)
    .where('revision', '=', revision)
    .executeTakeFirst();
  const files = row?.files == null ? undefined : (asJson(row.files) as FileSet);
  if (row === undefined) return undefined;
  sets.set(revision, files);
  const [oldest] = sets.keys();
  if (sets.size > KEPT_SETS && oldest !== undefined) sets.delete(oldest);
  return files;
}

/**
 * Files that follow a checkpoint where an alias moves to it: those that it last had under the same alias, or under the one
 * that the mover named. Never those of other aliases, whose owners may be others.
 */
export async function movedFiles(
  db: Kysely<Database>,
  digest: string,
  aliases: readonly string[],
): Promise<FileSet | undefined> {
  const row = await db
    .selectFrom('alias_changes')
    .select('files')
    .where('digest', '=', digest)
    .where('alias', 'in', [...aliases])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.files == null ? undefined : (asJson(row.files) as FileSet);
}

export function describeSmallFile(content: Uint8Array): SmallFile {
  const sizeBytes = content.byteLength;
  return {
    sha256: createHash('sha256').update(content).digest('hex'),
    sizeBytes,
    gitOid: createHash('sha1').update(`blob ${sizeBytes}\0`).update(content).digest('hex'),
  };
}

export async function storeSmallFile(db: Kysely<Database>, content: Uint8Array): Promise<SmallFile> {
  const file = describeSmallFile(content);
  await db
    .insertInto('small_files')
    .values({ sha256: file.sha256, content: Buffer.from(content) })
    .onConflict((conflict) => conflict.column('sha256').doNothing())
    .execute();
  return file;
}

export async function readSmallFile(db: Kysely<Database>, sha256: string): Promise<Buffer> {
  const { content } = await db
    .selectFrom('small_files')
    .select('content')
    .where('sha256', '=', sha256)
    .executeTakeFirstOrThrow();
  return Buffer.from(content);
}

/** One spelling of a set, whatever order a database gives its keys in. */
export function canonicalFiles({ weights, small }: FileSet): unknown {
  const entries = Object.entries(small).map(([path, { sha256 }]) => [path, sha256] as const);
  return [weights, entries.sort(([a], [b]) => (a < b ? -1 : 1))];
}
