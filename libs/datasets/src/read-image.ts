import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { decodeImage, type RgbImage } from '@cassl/vision';
import type { ObjectStore } from '@cassl/storage';
import type { ImageLocation, LabeledImage } from './dataset.ts';

/** The encoded bytes of an image. @throws NOT_FOUND where the object is missing. */
export async function readImageBytes({ store, key, range }: ImageLocation): Promise<Uint8Array> {
  if (!store.startsWith('file:')) return readObject(store, key, range);
  const path = join(fileURLToPath(store), key);
  try {
    return range === undefined ? await readFile(path) : await readFileRange(path, range);
  } catch (error) {
    throw notFound(`file ${key} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
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

async function readObject(uri: string, key: string, range: ImageLocation['range']): Promise<Uint8Array> {
  // Imported here, so that data on disk does not load the S3 client.
  const { openStore, readBytes } = await import('@cassl/storage');
  let store = stores.get(uri);
  if (store === undefined) stores.set(uri, (store = openStore(uri)));
  return readBytes(store, key, range);
}

async function readFileRange(path: string, range: { start: number; end: number }): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(range.end - range.start);
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, range.start);
    if (bytesRead < bytes.length) throw new Error(`the file ends at byte ${range.start + bytesRead}`);
    return bytes;
  } finally {
    await file.close();
  }
}
