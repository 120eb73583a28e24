import { Leftover, type ReclaimStorageRequest, type ReclaimStorageResponse } from '@cassl/proto';
import { fitReply } from '@cassl/rpc';
import type { UnfinishedUpload } from '../blobs/blob-store.ts';
import { digestLease } from '../checkpoints/receive-upload.ts';
import { isStaged, STAGED_MS } from '../checkpoints/staged-files.ts';
import { tryLease } from '../database/lease.ts';
import type { Registry } from '../registry.ts';
import { milliseconds } from './duration.ts';

/** After a week nobody comes back for an upload. */
const UPLOAD_MS = 7 * 86_400_000;
/** A file without a record is an upload between its last byte and its record, or a leftover; an hour tells which. */
const FILE_MS = 3_600_000;

/** Removes abandoned uploads and files that no checkpoint names; one in use by a running upload or deletion stays. */
export async function reclaimStorage(
  registry: Registry,
  { olderThan, dryRun }: ReclaimStorageRequest,
  signal: AbortSignal,
): Promise<ReclaimStorageResponse> {
  const given = olderThan === undefined ? undefined : milliseconds('older_than', olderThan);
  const now = Date.now();
  const leftovers: Leftover[] = [];
  for await (const upload of registry.blobs.unfinished()) {
    signal.throwIfAborted();
    const { digest, kind, name, sizeBytes } = upload;
    if (now - upload.modifiedAt.getTime() < (given ?? UPLOAD_MS)) continue;
    if (await alone(registry, digest, dryRun, () => forget(registry, upload)))
      leftovers.push({ kind, name, sizeBytes });
  }
  for await (const { digest, modifiedAt, sizeBytes } of registry.blobs.list()) {
    signal.throwIfAborted();
    const stagedAfter = new Date(now - (given ?? STAGED_MS));
    if (now - modifiedAt.getTime() < (given ?? FILE_MS) || (await isNeeded(registry, digest, stagedAfter)))
      continue;
    if (await alone(registry, digest, dryRun, () => removeUnneeded(registry, digest, stagedAfter)))
      leftovers.push({ kind: 'file', name: digest, sizeBytes });
  }
  if (!dryRun) await forgetOldUploads(registry, now - (given ?? UPLOAD_MS));
  const freedBytes = leftovers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const told = fitReply(leftovers, Leftover);
  return { leftovers: told, freedBytes, omittedLeftovers: leftovers.length - told.length };
}

/** @returns false while somebody works on the digest */
async function alone(
  { db }: Registry,
  digest: string,
  dryRun: boolean,
  action: () => Promise<void>,
): Promise<boolean> {
  const lease = await tryLease(db, digestLease(digest));
  if (lease === undefined) return false;
  try {
    if (!dryRun) await action();
    return true;
  } finally {
    await lease.release();
  }
}

/** What is remembered of the digest may be of a later upload, whose bytes stay. */
async function forget({ db }: Registry, { digest, id, discard }: UnfinishedUpload): Promise<void> {
  const row = await db.selectFrom('uploads').select('state').where('digest', '=', digest).executeTakeFirst();
  const isOfAnother = row?.state != null && id !== undefined && !row.state.includes(JSON.stringify(id));
  if (!isOfAnother) await db.deleteFrom('uploads').where('digest', '=', digest).execute();
  await discard();
}

/** Looks again under the lease: it may have been recorded since. */
async function removeUnneeded(registry: Registry, digest: string, stagedAfter: Date): Promise<void> {
  if (await isNeeded(registry, digest, stagedAfter)) return;
  await registry.db.deleteFrom('staged_files').where('digest', '=', digest).execute();
  await registry.blobs.delete(digest);
}

/** By a checkpoint, or by a commit that may still come. */
async function isNeeded({ db }: Registry, digest: string, stagedAfter: Date): Promise<boolean> {
  const row = await db
    .selectFrom('checkpoints')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row !== undefined || isStaged(db, digest, stagedAfter);
}

/** Rows whose file is gone, or that had none; an upload that is going on needs its own to be gone on with. */
async function forgetOldUploads(registry: Registry, before: number): Promise<void> {
  const { db } = registry;
  const old = db.selectFrom('uploads').select('digest').where('updated_at', '<', new Date(before));
  for (const { digest } of await old.execute()) {
    await alone(registry, digest, false, async () => {
      await db
        .deleteFrom('uploads')
        .where('digest', '=', digest)
        .where('updated_at', '<', new Date(before))
        .execute();
    });
  }
}
