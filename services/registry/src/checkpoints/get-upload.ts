import { errorCode } from '@cassl/errors';
import type { GetUploadResponse } from '@cassl/proto';
import { checkDigest } from '../check-request.ts';
import type { Registry } from '../registry.ts';
import { wholeBlob } from './seal.ts';

/** A checkpoint whose file is damaged counts as not published: its bytes are wanted again. */
export async function getUpload(registry: Registry, digest: string): Promise<GetUploadResponse> {
  checkDigest('digest', digest);
  if (await isWhole(registry, digest)) return { published: true, receivedBytes: 0 };
  const row = await registry.db
    .selectFrom('uploads')
    .select('state')
    .where('digest', '=', digest)
    .executeTakeFirst();
  return { published: false, receivedBytes: await registry.blobs.keptBytes(digest, row?.state ?? null) };
}

export async function isWhole(registry: Registry, digest: string): Promise<boolean> {
  try {
    await wholeBlob(registry, digest);
    return true;
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND' || errorCode(error) === 'DATA_LOSS') return false;
    throw error;
  }
}
