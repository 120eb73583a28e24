import { isCocoId, toJson, unknownId, type CocoId } from '@cassl/coco';
import type { Instance } from '@cassl/vision';
import type { DropLog } from '../drop-report.ts';
import { checkAnnotation } from './check-annotation.ts';
import type { CheckedImage } from './check-images.ts';
import type { CocoDocument, CocoEntry } from './coco-document.ts';

export interface InstanceLabelOptions {
  /** From the source's category ids to contiguous indices. */
  readonly indexOf: ReadonlyMap<CocoId, number>;
  /** Entities drop crowds (method.md 1.2); instances keep them, marked. */
  readonly dropCrowds: boolean;
}

/** The checked instances of each kept image, by image id, in the file's order; the rest goes to the log. */
export function readInstanceLabels(
  document: CocoDocument,
  images: readonly CheckedImage[],
  { indexOf, dropCrowds }: InstanceLabelOptions,
  log: DropLog,
): Map<CocoId, Instance[]> {
  const imageOf = new Map<CocoId, CheckedImage>(images.map((image) => [image.id, image]));
  const listed = new Map<CocoId, true>(document.images.map(({ id }) => [id as CocoId, true]));
  const labels = new Map<CocoId, Instance[]>(images.map(({ id }) => [id, []]));
  const seen = new Map<CocoId, CocoEntry>();
  for (const [index, entry] of document.annotations.entries()) {
    const { id, image_id: imageId } = entry;
    const name = nameOf(entry, index);
    const hasId = isCocoId(id);
    if (!hasId && id !== undefined && id !== null)
      log.repair('annotation', 'id is neither a whole number nor a text: kept without it', name);
    const first = hasId ? seen.get(id) : undefined;
    if (first !== undefined && toJson(first) === toJson(entry)) {
      log.drop('annotation', 'listed twice', name);
      continue;
    }
    // Training needs no annotation id, and an image that lost part of its labels would teach that objects are background.
    if (first !== undefined) log.repair('annotation', 'id occurs twice: both are kept', name);
    else if (hasId) seen.set(id, entry);
    const image = imageOf.get(imageId as CocoId);
    if (image === undefined) {
      const isListed = listed.has(imageId as CocoId);
      log.drop(
        'annotation',
        isListed ? 'its image was dropped' : 'image_id is not in images',
        isListed ? name : `${name}: image_id ${unknownId(imageId as CocoId, listed, 'its images')}`,
      );
      continue;
    }
    const checked = checkAnnotation(entry, { width: image.width, height: image.height, indexOf });
    if (checked.instance === undefined) {
      log.drop('annotation', checked.reason, name);
      continue;
    }
    if (checked.instance.crowd && dropCrowds) {
      log.drop('annotation', 'crowd segments are not entities', name);
      continue;
    }
    for (const repair of checked.repairs) log.repair('annotation', repair, name);
    labels.get(image.id)!.push(checked.instance);
  }
  return labels;
}

function nameOf(entry: CocoEntry, index: number): string {
  const { id, image_id: imageId, category_id: categoryId, bbox } = entry;
  const which = id === undefined || id === null ? `annotations[${index}]` : `annotation ${toJson(id)}`;
  return `${which} of image ${toJson(imageId)}: category_id ${toJson(categoryId)}, bbox ${toJson(bbox)}`;
}
