import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { BlobStore } from './blob-store.ts';
import { openFileBlobs } from './file-blobs.ts';
import { openS3Blobs } from './s3-blobs.ts';

/**
 * Opens `file:///folder`, a plain folder path or `s3://bucket/prefix`.
 * @throws FAILED_PRECONDITION when it is another registry's: each would take the other's files for leftovers
 */
export async function openBlobs(uri: string, databaseId: string): Promise<BlobStore> {
  const blobs = /^s3:/i.test(uri) ? await openS3Blobs(uri) : await openFileBlobs(folderOf(uri));
  try {
    const owner = await blobs.mark(databaseId);
    if (owner === databaseId) return blobs;
    throw failedPrecondition(
      `the blob store ${uri} belongs to the registry ${owner}, and this database is ${databaseId}'s: ` +
        'open it with its own database, or remove its object "registry-id" to let this one take it over',
    );
  } catch (error) {
    blobs.close();
    throw error;
  }
}

function folderOf(uri: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) return resolve(uri);
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw invalidArgument(
      `CASSL_BLOBS_URI must be file:///absolute/folder or s3://bucket/prefix, got ${JSON.stringify(uri)}`,
      { cause },
    );
  }
}
