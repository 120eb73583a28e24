import { createHash } from 'node:crypto';
import { dataLoss, errorCode, notFound } from '@cassl/errors';
import type { StoredBlob } from '../blobs/blob-store.ts';
import type { Registry } from '../registry.ts';

type Parts = Pick<Registry, 'db' | 'blobs' | 'verifying' | 'logger'>;

/**
 * A checkpoint's file, known to hold the right bytes. The seal is the version that the file had when its bytes last went
 * through sha256: while the file has it, nothing is read; when it has another, somebody touched the file and it is hashed
 * again first.
 * @throws NOT_FOUND for an unknown checkpoint, DATA_LOSS for one whose file is missing or was changed
 */
export async function wholeBlob(registry: Parts, digest: string): Promise<StoredBlob> {
  const row = await registry.db
    .selectFrom('checkpoints')
    .select(['size_bytes', 'seal', 'damage'])
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (row === undefined) throw notFound(`checkpoint ${digest} does not exist`);
  const stored = await registry.blobs.head(digest);
  if (stored !== undefined && stored.version === row.seal && row.damage === null) return stored;
  if (stored === undefined || stored.version !== row.seal) await verifyOnce(registry, digest);
  const damage = await damageOf(registry, digest);
  const now = await registry.blobs.head(digest);
  if (damage === undefined && now !== undefined) return now;
  throw dataLoss(
    `checkpoint ${digest} is damaged: ${damage ?? 'its file is missing'}; publish the same bytes again to repair it`,
  );
}

/** Hashes a checkpoint's file whatever its seal says; `undefined` when it is whole. */
export async function verifyBlob(registry: Parts, digest: string): Promise<string | undefined> {
  await verifyOnce(registry, digest);
  return damageOf(registry, digest);
}

async function damageOf({ db }: Parts, digest: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('checkpoints')
    .select('damage')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row?.damage ?? undefined;
}

async function verifyOnce(registry: Parts, digest: string): Promise<void> {
  const { verifying } = registry;
  const running = verifying.get(digest);
  if (running !== undefined) return running;
  const verification = verify(registry, digest).finally(() => verifying.delete(digest));
  verifying.set(digest, verification);
  return verification;
}

async function verify(registry: Parts, digest: string): Promise<void> {
  const { db, blobs, logger } = registry;
  const stored = await blobs.head(digest);
  const damage = stored === undefined ? 'its file is missing' : await findDamage(registry, stored);
  const before = await db
    .selectFrom('checkpoints')
    .select(['damage', 'seal'])
    .where('digest', '=', digest)
    .executeTakeFirst();
  // Deleted while it was hashed: nothing is damaged.
  if (before === undefined) return;
  await db
    .updateTable('checkpoints')
    .set({ seal: stored?.version ?? null, damage: damage ?? null, verified_at: new Date() })
    .where('digest', '=', digest)
    .execute();
  if (damage !== undefined) logger.error({ digest, damage }, 'a checkpoint is damaged and not served');
  else if (before.damage !== null) logger.info({ digest }, 'a damaged checkpoint is whole again');
}

/** The bytes read are those of one version: a file that is replaced meanwhile counts as changed. */
async function findDamage({ blobs }: Parts, { digest, version }: StoredBlob): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of blobs.read(digest, { version })) hash.update(chunk);
  } catch (error) {
    if (errorCode(error) === 'DATA_LOSS' || errorCode(error) === 'NOT_FOUND') return (error as Error).message;
    throw error;
  }
  const actual = hash.digest('hex');
  return actual === digest ? undefined : `its bytes have the sha256 ${actual}`;
}

/** False for what is not here, and for what is damaged. */
export async function isWhole(registry: Registry, digest: string): Promise<boolean> {
  try {
    await wholeBlob(registry, digest);
    return true;
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND' || errorCode(error) === 'DATA_LOSS') return false;
    throw error;
  }
}
