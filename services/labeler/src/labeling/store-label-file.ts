import { createHash } from 'node:crypto';
import type { ObjectStore } from '@cassl/storage';

/** Keeps a label file under the sha256 of its bytes: the same labels are one file, however often a shard is done. */
export async function storeLabelFile(
  store: ObjectStore,
  folder: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly uri: string; readonly digest: string }> {
  const parts: Uint8Array[] = [];
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    parts.push(chunk);
    hash.update(chunk);
  }
  const digest = hash.digest('hex');
  const key = `${digest}.jsonl.gz`;
  await store.put(key, Buffer.concat(parts));
  return { uri: `${folder.replace(/\/$/, '')}/${key}`, digest };
}
