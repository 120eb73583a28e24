import type { Kysely } from 'kysely';
import { withLease } from '../database/lease.ts';
import type { Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { digestLease, receivePart, receiveUpload, type UploadStart } from './receive-upload.ts';
import { isWhole } from './seal.ts';
import type { WholeFile } from './whole-file.ts';

/** A file that nobody commits is removed after a day. */
export const STAGED_MS = 86_400_000;

/**
 * Takes a file in that becomes a checkpoint only by a later commit; until then nothing names it and nobody sees it. What is
 * here already is not taken in again.
 * @throws INVALID_ARGUMENT for bytes that are not those of the digest, or no safetensors
 */
export async function stageFile(
  registry: Registry,
  start: UploadStart,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await withLease(registry.db, digestLease(start.digest), signal, async (lease) => {
    if (await isKept(registry, start.digest)) return;
    const iterator = chunks[Symbol.asyncIterator]();
    const received = await receiveUpload(registry, start, iterator, { lease, signal });
    const { stored, tensorCount, parameterCount } = received;
    const values = {
      size_bytes: start.sizeBytes,
      tensor_count: tensorCount,
      parameter_count: parameterCount,
      seal: stored.version,
      staged_at: new Date(),
    };
    await registry.db
      .insertInto('staged_files')
      .values({ digest: start.digest, ...values })
      .onConflict((conflict) => conflict.column('digest').doUpdateSet(values))
      .execute();
    await registry.db.deleteFrom('uploads').where('digest', '=', start.digest).execute();
  });
}

/**
 * Takes in a part that is not the last one; the last goes to `stageFile`.
 * @throws FAILED_PRECONDITION for a part that comes before the one in front of it is here
 */
export async function stagePart(
  registry: Registry,
  start: UploadStart & { readonly end: number },
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await withLease(registry.db, digestLease(start.digest), signal, async (lease) => {
    if (await isKept(registry, start.digest)) return;
    // Sent again, for its answer was lost.
    if ((await receivedBytes(registry, start.digest)) >= start.end) return;
    await receivePart(registry, start, chunks[Symbol.asyncIterator](), { lease, signal });
  });
}

/** Published or staged, with its bytes in place: nothing needs to be sent. */
export async function isKept(registry: Registry, digest: string): Promise<boolean> {
  return (await isWhole(registry, digest)) || (await stagedFile(registry, digest)) !== undefined;
}

/** `undefined` where it was never taken in, or its bytes are gone or were touched since. */
export async function stagedFile(
  { db, blobs }: Pick<Registry, 'db' | 'blobs'>,
  digest: string,
): Promise<WholeFile | undefined> {
  const row = await db.selectFrom('staged_files').selectAll().where('digest', '=', digest).executeTakeFirst();
  if (row === undefined || (await blobs.head(digest))?.version !== row.seal) return undefined;
  return {
    digest,
    sizeBytes: Number(row.size_bytes),
    tensorCount: row.tensor_count,
    parameterCount: Number(row.parameter_count),
    seal: row.seal,
  };
}

/** Bytes of an unpublished file that are here. */
export async function receivedBytes(registry: Registry, digest: string): Promise<number> {
  const staged = await stagedFile(registry, digest);
  if (staged !== undefined) return staged.sizeBytes;
  const row = await registry.db
    .selectFrom('uploads')
    .select('state')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return registry.blobs.keptBytes(digest, row?.state ?? null);
}

/** Whether a commit may still come for a stored file without a checkpoint. */
export async function isStaged(db: Kysely<Database>, digest: string, before: Date): Promise<boolean> {
  const row = await db
    .selectFrom('staged_files')
    .select('digest')
    .where('digest', '=', digest)
    .where('staged_at', '>=', before)
    .executeTakeFirst();
  return row !== undefined;
}
