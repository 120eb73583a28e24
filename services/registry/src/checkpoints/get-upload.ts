import { errorCode } from '@cassl/errors';
import type { GetUploadRequest, GetUploadResponse, HttpUpload } from '@cassl/proto';
import { checkDigest } from '../check-request.ts';
import type { Registry } from '../registry.ts';
import { wholeBlob } from './seal.ts';
import { stagedFile } from './staged-files.ts';
import { signTicket } from './upload-ticket.ts';

/** A checkpoint whose file is damaged counts as not published: its bytes are wanted again. */
export async function getUpload(
  registry: Registry,
  { digest, sizeBytes }: GetUploadRequest,
): Promise<GetUploadResponse> {
  checkDigest('digest', digest);
  if (await isWhole(registry, digest)) return { published: true, receivedBytes: 0, http: undefined };
  return {
    published: false,
    receivedBytes: await receivedBytes(registry, digest),
    http: await httpUpload(registry, digest, sizeBytes),
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

async function httpUpload(
  registry: Registry,
  digest: string,
  sizeBytes: number,
): Promise<HttpUpload | undefined> {
  const { uploadPort: port } = registry;
  if (port === undefined || sizeBytes === 0) return undefined;
  const query = await signTicket(registry, { digest, sizeBytes, part: 0, actor: '' });
  return { port, path: `/v1/uploads/${digest}?${query}` };
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
