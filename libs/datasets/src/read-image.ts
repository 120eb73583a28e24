import { invalidArgument } from '@cassl/errors';
import { openRequestedStore, readBytes, type ObjectStore } from '@cassl/storage';
import { decodeImage, type RgbImage } from '@cassl/vision';
import { plainKey } from './addresses.ts';
import type { ImageLocation, LabeledImage } from './dataset.ts';

/** No encoded image is longer; what is, is something else under an image's name. */
const MAX_ENCODED_BYTES = 2 ** 28;

export interface ReadImageOptions {
  /** @default 2^28 */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The encoded bytes of an image, or of another small file of a data set.
 * @throws NOT_FOUND where no regular file or object is; INVALID_ARGUMENT above `maxBytes`; PERMISSION_DENIED outside the
 *   places that the process may read (`limitAddresses`)
 */
export async function readImageBytes(
  { store, key, range }: ImageLocation,
  { maxBytes = MAX_ENCODED_BYTES, signal }: ReadImageOptions = {},
): Promise<Uint8Array> {
  const name = store.startsWith('file:') ? plainKey(key) : key;
  return readBytes(storeOf(store), name, { ...range, maxBytes, ...(signal === undefined ? {} : { signal }) });
}

/**
 * Reads and decodes a labeled image.
 * @throws INVALID_ARGUMENT for bytes that are not an image, truncated or too large (`decodeImage`), and where its size is
 *   not the one its labels were made for; NOT_FOUND where it is missing.
 */
export async function loadImage({ key, location, width, height }: LabeledImage): Promise<RgbImage> {
  const image = await decodeImage(await readImageBytes(location));
  if (image.width === width && image.height === height) return image;
  throw invalidArgument(
    `image ${key}: is ${image.width} x ${image.height}, but its labels say ${width} x ${height}`,
  );
}

// Clients of object stores keep connections; one each serves every image.
const stores = new Map<string, ObjectStore>();

function storeOf(uri: string): ObjectStore {
  let store = stores.get(uri);
  if (store === undefined) stores.set(uri, (store = openRequestedStore('image location', uri, 'read')));
  return store;
}
