import { randomUUID } from 'node:crypto';
import { checkDigest, digestHex, sha256, verified } from './digest.ts';
import type { Body, ObjectStore, PutOptions, PutReceipt } from './object-store.ts';

/** The key of a blob: `blobs/sha256/<2 hex>/<64 hex>`, fanned out so that no folder grows too long. */
export function contentKey(digest: string): string {
  const hex = digestHex(digest);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}

/**
 * Stores bytes under their own sha256, in constant memory; storing the same bytes again changes nothing.
 * @throws INVALID_ARGUMENT, with nothing stored, when the content is not `options.expectedDigest`
 */
export async function putContentAddressed(
  store: ObjectStore,
  body: Body,
  options: PutOptions = {},
): Promise<PutReceipt> {
  const { expectedDigest } = options;
  if (expectedDigest === undefined) return putUnnamed(store, body, options);
  const key = contentKey(expectedDigest);
  const existing = await store.head(key);
  if (existing === undefined) return store.put(key, body, options);
  // A sender who announces a known digest must still have sent those bytes.
  checkDigest(await sha256(body), expectedDigest, `object ${key}`);
  return { key, sizeBytes: existing.sizeBytes, digest: expectedDigest };
}

/** The name is known only at the end, so the bytes wait under a random key. */
async function putUnnamed(store: ObjectStore, body: Body, options: PutOptions): Promise<PutReceipt> {
  const temporary = `unnamed/${randomUUID()}`;
  const receipt = await store.put(temporary, body, options);
  const key = contentKey(receipt.digest);
  await store.move(temporary, key);
  return { ...receipt, key };
}

/** Streams a blob and throws DATA_LOSS at its end when the stored bytes are no longer those of the digest. */
export function getContentAddressed(store: ObjectStore, digest: string): AsyncIterable<Uint8Array> {
  return verified(store.get(contentKey(digest)), digest);
}
