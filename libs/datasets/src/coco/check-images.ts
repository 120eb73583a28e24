import { createHash } from 'node:crypto';
import { brief, isCocoId, type CocoId } from '@cassl/coco';
import { errorMessage } from '@cassl/errors';
import { keyFault } from '@cassl/storage';
import { decodeImage, readImageHeader } from '@cassl/vision';
import { isInsideKey, plainKey } from '../addresses.ts';
import type { ImageLocation } from '../dataset.ts';
import type { DropLog } from '../drop-report.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readImageBytes } from '../read-image.ts';
import type { CocoEntry } from './coco-document.ts';
import type { FoundImage } from './found-image.ts';
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

export interface CheckImagesOptions {
  /** Their folder, path or address. */
  readonly images: string;
  readonly check: ImageCheck;
  readonly signal?: AbortSignal | undefined;
}

const filesAtOnce = 8;

/** The images of a COCO file that are there and readable; the rest goes to the log. In the file's order. */
export async function checkImages(
  entries: readonly CocoEntry[],
  { images, check, signal }: CheckImagesOptions,
  log: DropLog,
): Promise<CheckedImage[]> {
  const folder = await openImageFolder(images, signal);
  const seen = new Set<CocoId>();
  const checked = await mapConcurrently(entries, { limit: filesAtOnce, signal }, async (entry, index) => {
    const name = nameOf(entry, index);
    const { id, width, height } = entry;
    if (!isCocoId(id)) return { name, reason: 'id is neither a whole number nor a text', detail: brief(id) };
    if (seen.has(id)) return { name, reason: 'id occurs twice' };
    seen.add(id);
    const problem = nameProblem(entry['file_name']);
    if (problem !== undefined) return { name, reason: problem };
    if (!isSide(width) || !isSide(height)) {
      const detail = `${brief(width)} x ${brief(height)}`;
      return { name, reason: 'width or height is not a positive whole number', detail };
    }
    const file = await findFile(folder, entry['file_name'] as string);
    if ('reason' in file) return { name, ...file };
    const { key, location, sizeBytes } = file;
    const repairs = file.repair === undefined ? [] : [file.repair];
    const seenAs = await inspect(location, sizeBytes, { width, height }, { check, signal });
    if ('reason' in seenAs) return { name, ...seenAs };
    if (seenAs.turn !== undefined) repairs.push(TURNED);
    return { name, repairs, image: { id, key, location, width, height, ...seenAs } };
  });
  // Told in the file's order, whichever picture was read first.
  for (const one of checked) {
    if (one.image !== undefined) for (const repair of one.repairs) log.repair('image', repair, one.name);
    else log.drop('image', one.reason, one.detail === undefined ? one.name : `${one.name}: ${one.detail}`);
  }
  return checked.flatMap(({ image }) => (image === undefined ? [] : [image]));
}

const TURNED = 'labels are those of the stored picture: turned upright by its EXIF orientation';

/** Control characters are shown as JSON has them, so that a name stays on its line. */
function nameOf({ id, file_name: key }: CocoEntry, index: number): string {
  if (typeof key !== 'string') return `image ${brief(id)} (images[${index}])`;
  const shown = /[\u0000-\u001f\u007f]/.test(key) ? JSON.stringify(key) : key;
  return `image ${typeof id === 'string' ? id : brief(id)} (${shown.length > 300 ? `${shown.slice(0, 300)}…` : shown})`;
}

function nameProblem(key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '') return 'file_name is missing or no text';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(key)) return 'file_name is an address, not a file of the image folder';
  return isInsideKey(key.replaceAll('\\', '/')) ? undefined : 'file_name leaves the image folder';
}

interface Refusal {
  readonly reason: string;
  readonly detail?: string;
  readonly image?: undefined;
}

interface NamedFile extends FoundImage {
  /** The name under which it was found. */
  readonly key: string;
  readonly repair?: string;
}

/** The file of a name; one that Windows wrote, with backslashes, is looked for with slashes too. */
async function findFile(folder: ImageFolder, name: string): Promise<NamedFile | Refusal> {
  const key = name.replaceAll('\\', '/');
  const found = await folder.find(key);
  if (!('reason' in found)) {
    return key === name
      ? { key, ...found }
      : { key, ...found, repair: 'file_name has backslashes: read as slashes' };
  }
  const refused = keyFault(plainKey(key));
  if (refused !== undefined) return { reason: 'file_name is no name of a file here', detail: refused };
  const note = key === name ? '' : '; backslashes were read as slashes';
  return { reason: `${found.reason}${note}`, detail: found.detail };
}

type Inspection = { readonly fingerprint: string; readonly turn?: number } | Refusal;

async function inspect(
  location: ImageLocation,
  size: number,
  { width, height }: { readonly width: number; readonly height: number },
  { check, signal }: Omit<CheckImagesOptions, 'images'>,
): Promise<Inspection> {
  if (check === 'sizes') return { fingerprint: `size:${size}` };
  const bytes = await readImageBytes(location, { signal });
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

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
