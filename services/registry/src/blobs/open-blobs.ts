import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode, errorMessage, failedPrecondition, invalidArgument, unavailable } from '@cassl/errors';
import type { BlobStore } from './blob-store.ts';
import { openFileBlobs } from './file-blobs.ts';
import { openS3Blobs } from './s3-blobs.ts';
import { statusOf } from './s3-bucket.ts';

/**
 * Opens `file:///folder`, a plain folder path or `s3://bucket/prefix`.
 * @throws FAILED_PRECONDITION when it is another registry's: each would take the other's files for leftovers
 */
export async function openBlobs(uri: string, databaseId: string): Promise<BlobStore> {
  const blobs = /^s3:/i.test(uri) ? await openS3Blobs(uri) : await openFileBlobs(folderOf(uri));
  try {
    const owner = await blobs.mark(databaseId).catch((error: unknown) => {
      throw explain(uri, error);
    });
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

/** The first request to a store tells whether address and keys are right: then an operator must know what to change. */
function explain(uri: string, error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const status = statusOf(cause ?? {});
  const change =
    status === 403
      ? 'the access key needs GetObject, PutObject, DeleteObject and ListBucket there'
      : 'check CASSL_BLOBS_URI and S3_ENDPOINT';
  if (status === undefined && errorCode(error) !== 'UNAVAILABLE') return error;
  return unavailable(`cannot use the blob store ${uri}: ${errorMessage(error)}; ${change}`, { cause: error });
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
