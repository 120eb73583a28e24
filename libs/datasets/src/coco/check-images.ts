import { createHash } from 'node:crypto';
import { brief, isCocoId, type CocoId } from '@cassl/coco';
import { errorMessage } from '@cassl/errors';
import { decodeImage, readImageHeader } from '@cassl/vision';
import { isInsideKey } from '../addresses.ts';
import type { ImageLocation } from '../dataset.ts';
import type { DropLog } from '../drop-report.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readImageBytes } from '../read-image.ts';
import type { CocoEntry } from './coco-document.ts';
import { openImageFolder, type ImageFolder } from './image-folder.ts';

/**
 * How much of each image is looked at: `sizes` only its file's length, `headers` the content's digest and its header,
 * `decode` every pixel.
 */
export type ImageCheck = 'sizes' | 'headers' | 'decode';

export interface CheckedImage {
  readonly id: CocoId;
  readonly key: string;
  readonly location: ImageLocation;
  readonly width: number;
  readonly height: number;
  /** EXIF orientation (5 to 8) where width, height and labels are those of the stored picture, not of the upright one. */
  readonly turn?: number;
  /** sha256 of the content, or `size:<bytes>` where only sizes were looked at. */
  readonly fingerprint: string;
}

const filesAtOnce = 8;

/** The images of a COCO file that are there and readable; the rest goes to the log. In the file's order. */
export async function checkImages(
  entries: readonly CocoEntry[],
  images: string,
  check: ImageCheck,
  log: DropLog,
): Promise<CheckedImage[]> {
  const folder = await openImageFolder(images);
  const seen = new Set<CocoId>();
  const checked = await mapConcurrently(entries, filesAtOnce, async (entry, index) => {
    const { id, file_name: key, width, height } = entry;
    const name = `image ${String(id)} (${typeof key === 'string' ? key : `images[${index}]`})`;
    if (!isCocoId(id))
      return drop(log, 'id is neither a whole number nor a text', `${name}: id ${brief(id)}`);
    if (seen.has(id)) return drop(log, 'id occurs twice', name);
    seen.add(id);
    if (typeof key !== 'string' || !isInsideKey(key)) {
      return drop(log, 'file_name is missing or leaves the image folder', name);
    }
    if (!isSide(width) || !isSide(height)) {
      return drop(
        log,
        'width or height is not a positive whole number',
        `${name}: ${String(width)} x ${String(height)}`,
      );
    }
    const location: ImageLocation = { store: folder.store, key };
    const found = await inspect(folder, location, { width, height }, check);
    if ('reason' in found) return drop(log, found.reason, `${name}: ${found.detail}`);
    if (found.turn !== undefined) {
      log.repair(
        'image',
        'labels are those of the stored picture: turned upright by its EXIF orientation',
        name,
      );
    }
    return { id, key, location, width, height, ...found };
  });
  return checked.filter((image) => image !== undefined);
}

type Inspection =
  | { readonly fingerprint: string; readonly turn?: number }
  | { readonly reason: string; readonly detail: string };

async function inspect(
  folder: ImageFolder,
  location: ImageLocation,
  { width, height }: { readonly width: number; readonly height: number },
  check: ImageCheck,
): Promise<Inspection> {
  const size = await folder.sizeOf(location.key);
  if (size === undefined) return { reason: 'file is missing', detail: `${location.store}/${location.key}` };
  if (check === 'sizes') return { fingerprint: `size:${size}` };
  const bytes = await readImageBytes(location);
  const fingerprint = createHash('sha256').update(bytes).digest('hex');
  try {
    const stored = await readImageHeader(bytes);
    if (check === 'decode') await decodeImage(bytes);
    const isTurned = stored.orientation >= 5;
    const upright = isTurned ? { width: stored.height, height: stored.width } : stored;
    if (upright.width === width && upright.height === height) return { fingerprint };
    if (isTurned && stored.width === width && stored.height === height) {
      return { fingerprint, turn: stored.orientation };
    }
    const detail = `${upright.width} x ${upright.height} instead of ${width} x ${height}`;
    return { reason: 'file has another size than its labels', detail };
  } catch (error) {
    return { reason: 'file is not a readable image', detail: errorMessage(error) };
  }
}

function drop(log: DropLog, reason: string, example: string): undefined {
  log.drop('image', reason, example);
}

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
