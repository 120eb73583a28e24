import { openStore, readBytes } from '@cassl/storage';

/** The bytes behind a `file://` or `s3://` address. @throws NOT_FOUND */
export async function readUri(uri: string): Promise<Uint8Array> {
  const slash = uri.lastIndexOf('/');
  return readBytes(openStore(uri.slice(0, slash)), decodeURIComponent(uri.slice(slash + 1)));
}
