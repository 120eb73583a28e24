import type { CocoId } from '@cassl/coco';
import { errorMessage } from '@cassl/errors';
import { readPngIds, rleArea, rleBox, type IdMap, type Instance } from '@cassl/vision';
import { addressOf, isInsideKey } from '../addresses.ts';
import type { DropLog } from '../drop-report.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { readImageBytes } from '../read-image.ts';
import type { CheckedImage } from './check-images.ts';
import type { CocoDocument, CocoEntry } from './coco-document.ts';
import { segmentMasks } from './segment-masks.ts';

const PNGS_AT_ONCE = 4;

export interface PanopticOptions {
  /** Folder of the segment PNGs, path or address. */
  readonly folder: string;
  readonly indexOf: ReadonlyMap<CocoId, number>;
  /** Entities drop crowd segments (method.md 1.2); panoptic labels keep them, marked. */
  readonly dropCrowds: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every segment of a panoptic file as an instance with an exact mask, by image id (method.md 1.2): id 0 is void, a stuff
 * class is one segment however many parts it has, masks never overlap. Boxes reach one past the last pixel (6.1.8) and
 * `area` is the mask's, where the reference stores inclusive boxes and their area.
 */
export async function readPanopticLabels(
  document: CocoDocument,
  images: readonly CheckedImage[],
  options: PanopticOptions,
  log: DropLog,
): Promise<Map<CocoId, Instance[]>> {
  const { signal } = options;
  const annotationOf = new Map<unknown, CocoEntry>(
    document.annotations.map((entry) => [entry['image_id'], entry]),
  );
  const listed = new Set(document.images.map(({ id }) => id));
  for (const { image_id: imageId } of document.annotations) {
    if (!listed.has(imageId)) log.drop('annotation', 'image_id is not in images', `image ${String(imageId)}`);
  }
  const labels = await mapConcurrently(
    images,
    { limit: PNGS_AT_ONCE, signal },
    async (image): Promise<[CocoId, Instance[]]> => {
      const entry = annotationOf.get(image.id);
      return [image.id, entry === undefined ? [] : await readSegments(entry, image, options, log)];
    },
  );
  return new Map(labels);
}

async function readSegments(
  entry: CocoEntry,
  image: CheckedImage,
  { folder, indexOf, dropCrowds, signal }: PanopticOptions,
  log: DropLog,
): Promise<Instance[]> {
  const drop = (reason: string, detail: string): void =>
    log.drop('annotation', reason, `image ${image.id}: ${detail}`);
  const { file_name: file, segments_info: segments } = entry;
  if (typeof file !== 'string' || !isInsideKey(file) || !Array.isArray(segments)) {
    drop('file_name or segments_info is missing or wrong', JSON.stringify(entry).slice(0, 80));
    return [];
  }
  const map = await readIds(folder, file, signal).catch((error: unknown) => errorMessage(error));
  if (typeof map === 'string') {
    drop('segment PNG cannot be read', map);
    return [];
  }
  if (map.width !== image.width || map.height !== image.height) {
    drop('segment PNG has another size than its image', `${file} is ${map.width} x ${map.height}`);
    return [];
  }
  const masks = segmentMasks(map);
  const instances: Instance[] = [];
  for (const segment of segments as CocoEntry[]) {
    const { id, category_id: categoryId, iscrowd } = segment;
    const mask = masks.get(id as number);
    masks.delete(id as number);
    const category = indexOf.get(categoryId as number);
    const crowd = iscrowd === 1;
    const name = `segment ${String(id)}, category_id ${String(categoryId)}`;
    if (mask === undefined) drop('segment has no pixel of its own', name);
    else if (category === undefined) drop('category_id is not in categories', name);
    else if (crowd && dropCrowds) drop('crowd segments are not entities', name);
    else {
      const [x, y, width, height] = rleBox(mask);
      instances.push({ box: [x, y, x + width, y + height], category, mask, crowd, area: rleArea(mask) });
    }
  }
  for (const id of masks.keys()) drop('segment id of the PNG is not in segments_info', `segment ${id}`);
  return instances;
}

async function readIds(folder: string, key: string, signal: AbortSignal | undefined): Promise<IdMap> {
  return readPngIds(await readImageBytes({ store: addressOf(folder), key }, { signal }));
}
