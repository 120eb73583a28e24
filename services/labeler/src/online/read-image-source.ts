import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import type { Image } from '@cassl/proto';
import { openStore, readBytes } from '@cassl/storage';

const MAX_ENCODED_BYTES = 32 * 2 ** 20;
const MAX_KEY_BYTES = 1024;

/**
 * The encoded bytes of a request's image.
 * @throws INVALID_ARGUMENT for none or too many bytes, NOT_FOUND for an address with nothing behind it
 */
export async function readImageSource(image: Image | undefined): Promise<Uint8Array> {
  if (image?.source === undefined) throw invalidArgument('image is missing: give image.encoded or image.uri');
  if (Buffer.byteLength(image.key) > MAX_KEY_BYTES) {
    throw invalidArgument(
      `image.key must have at most ${MAX_KEY_BYTES} bytes, got ${Buffer.byteLength(image.key)}`,
    );
  }
  const { source } = image;
  const bytes = source.$case === 'encoded' ? source.value : await readUri(source.value);
  if (bytes.length === 0) throw invalidArgument('image has no bytes');
  if (bytes.length > MAX_ENCODED_BYTES) {
    throw invalidArgument(`image must have at most ${MAX_ENCODED_BYTES} bytes, got ${bytes.length}`);
  }
  return bytes;
}

/** What answers about an image are called: its key, or its address. */
export function imageKey(image: Image | undefined, position: number): string {
  if (image !== undefined && image.key !== '') return image.key;
  return image?.source?.$case === 'uri' ? image.source.value : String(position);
}

async function readUri(uri: string): Promise<Uint8Array> {
  if (uri.startsWith('file://')) {
    try {
      return await readFile(fileURLToPath(uri));
    } catch (error) {
      throw notFound(`image.uri ${uri} cannot be read: ${errorMessage(error)}`, { cause: error });
    }
  }
  const slash = uri.lastIndexOf('/');
  if (!uri.startsWith('s3://') || slash < 6) {
    throw invalidArgument(`image.uri must be a file:// or s3:// address, got ${JSON.stringify(uri)}`);
  }
  return readBytes(openStore(uri.slice(0, slash)), uri.slice(slash + 1));
}
