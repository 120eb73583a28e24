import { dataLoss } from '@cassl/errors';
import type { GetOptions, ObjectStore } from './object-store.ts';

/** Collects an object, or a range of it, in memory: for small things such as headers, manifests and images. */
export async function readBytes(
  store: ObjectStore,
  key: string,
  options: GetOptions = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(key, options)) chunks.push(chunk);
  // A copy of its own, not a slice of Node's pool: typed arrays over it need its alignment.
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const wanted = options.end === undefined ? undefined : options.end - (options.start ?? 0);
  if (wanted !== undefined && bytes.byteLength !== wanted) {
    throw dataLoss(`object ${key} gave ${bytes.byteLength} of ${wanted} bytes`);
  }
  return bytes;
}
