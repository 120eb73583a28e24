import { invalidArgument } from '@cassl/errors';
import type { Image } from '@cassl/proto';
import { readAddress } from '@cassl/storage';

const MAX_ENCODED_BYTES = 32 * 2 ** 20;
const MAX_KEY_BYTES = 1024;
/** Less than the 30 s that callers wait by default. */
const READ_MS = 20_000;

/**
 * The encoded bytes of a request's image.
 * @throws INVALID_ARGUMENT for none or too many bytes; as `readAddress` says for an address
 */
export async function readImageSource(image: Image | undefined): Promise<Uint8Array> {
  if (image?.source === undefined) throw invalidArgument('image is missing: give image.encoded or image.uri');
  if (Buffer.byteLength(image.key) > MAX_KEY_BYTES) {
    throw invalidArgument(
      `image.key must have at most ${MAX_KEY_BYTES} bytes, got ${Buffer.byteLength(image.key)}`,
    );
  }
  const { source } = image;
  const bytes =
    source.$case === 'encoded'
      ? source.value
      : await readAddress(source.value, {
          field: 'image.uri',
          maxBytes: MAX_ENCODED_BYTES,
          timeoutMs: READ_MS,
        });
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
