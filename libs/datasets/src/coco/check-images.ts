import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorMessage, notFound } from '@cassl/errors';
import { decodeImage, readImageHeader } from '@cassl/vision';
import type { ImageLocation } from '../dataset.ts';
import type { DropLog } from '../drop-report.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readImageBytes } from '../read-image.ts';
import type { CocoEntry } from './coco-document.ts';

/**
 * How much of each image is looked at: `sizes` only its file's length, `headers` the content's digest and its header,
 * `decode` every pixel.
 */
export type ImageCheck = 'sizes' | 'headers' | 'decode';

export interface CheckedImage {
  readonly id: number;
  readonly key: string;
  readonly location: ImageLocation;
  readonly width: number;
  readonly height: number;
  /** sha256 of the content, or `size:<bytes>` where only sizes were looked at. */
  readonly fingerprint: string;
}

const filesAtOnce = 8;

/** The images of a COCO file that are there and readable; the rest goes to the log. In the file's order. */
export async function checkImages(
  entries: readonly CocoEntry[],
  folder: string,
  check: ImageCheck,
  log: DropLog,
): Promise<CheckedImage[]> {
  await assertFolder(folder);
  const root = resolve(folder);
  const seen = new Set<number>();
  const checked = await mapConcurrently(entries, filesAtOnce, async (entry, index) => {
    const { id, file_name: key, width, height } = entry;
    const name = `image ${String(id)} (${typeof key === 'string' ? key : `images[${index}]`})`;
    if (!isId(id)) return drop(log, 'id is not a whole number', name);
    if (seen.has(id)) return drop(log, 'id occurs twice', name);
    seen.add(id);
    if (typeof key !== 'string' || !join(root, key).startsWith(root)) {
      return drop(log, 'file_name is missing or leaves the image folder', name);
    }
    if (!isSide(width) || !isSide(height)) {
      return drop(
        log,
        'width or height is not a positive whole number',
        `${name}: ${String(width)} x ${String(height)}`,
      );
    }
    const location: ImageLocation = { store: pathToFileURL(root).href, key };
    const found = await inspect(join(root, key), location, { width, height }, check);
    if ('reason' in found) return drop(log, found.reason, `${name}: ${found.detail}`);
    return { id, key, location, width, height, fingerprint: found.fingerprint };
  });
  return checked.filter((image) => image !== undefined);
}

type Inspection = { readonly fingerprint: string } | { readonly reason: string; readonly detail: string };

async function inspect(
  path: string,
  location: ImageLocation,
  { width, height }: { readonly width: number; readonly height: number },
  check: ImageCheck,
): Promise<Inspection> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return { reason: 'file is missing', detail: path };
  if (check === 'sizes') return { fingerprint: `size:${info.size}` };
  const bytes = await readImageBytes(location);
  try {
    const header = await (check === 'decode' ? decodeImage(bytes) : readImageHeader(bytes));
    // A header is read before its EXIF turn, so either way round is right there.
    const same = header.width === width && header.height === height;
    const turned = check === 'headers' && header.width === height && header.height === width;
    if (!same && !turned) {
      const detail = `${header.width} x ${header.height} instead of ${width} x ${height}`;
      return { reason: 'file has another size than its labels', detail };
    }
  } catch (error) {
    return { reason: 'file is not a readable image', detail: errorMessage(error) };
  }
  return { fingerprint: createHash('sha256').update(bytes).digest('hex') };
}

async function assertFolder(folder: string): Promise<void> {
  await readdir(folder).catch((error: unknown) => {
    throw notFound(`images: cannot read the folder ${folder}: ${errorMessage(error)}`, { cause: error });
  });
}

function drop(log: DropLog, reason: string, example: string): undefined {
  log.drop('image', reason, example);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
