import type { GetUploadResponse } from '@cassl/proto';
import { checkDigest } from '../check-request.ts';
import { readCheckpoint } from './read-checkpoints.ts';
import type { Registry } from '../registry.ts';

export async function getUpload(registry: Registry, digest: string): Promise<GetUploadResponse> {
  checkDigest('digest', digest);
  const published = (await readCheckpoint(registry.db, digest)) !== undefined;
  return { published, receivedBytes: published ? 0 : await registry.uploads.receivedBytes(digest) };
}
