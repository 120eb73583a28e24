import type { Instance } from '@cassl/vision';
import type { DropLog } from '../drop-report.ts';
import { checkAnnotation } from './check-annotation.ts';
import type { CheckedImage } from './check-images.ts';
import type { CocoDocument, CocoEntry } from './coco-document.ts';

export interface InstanceLabelOptions {
  /** From the source's category ids to contiguous indices. */
  readonly indexOf: ReadonlyMap<number, number>;
  /** Entities drop crowds (method.md 1.2); instances keep them, marked. */
  readonly dropCrowds: boolean;
}

/** The checked instances of each kept image, by image id, in the file's order; the rest goes to the log. */
export function readInstanceLabels(
  document: CocoDocument,
  images: readonly CheckedImage[],
  { indexOf, dropCrowds }: InstanceLabelOptions,
  log: DropLog,
): Map<number, Instance[]> {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const listed = new Set(document.images.map(({ id }) => id));
  const labels = new Map<number, Instance[]>(images.map(({ id }) => [id, []]));
  const seen = new Set<unknown>();
  for (const [index, entry] of document.annotations.entries()) {
    const { id, image_id: imageId } = entry;
    const name = nameOf(entry, index);
    if (id !== undefined && seen.has(id)) {
      log.drop('annotation', 'id occurs twice', name);
      continue;
    }
    seen.add(id);
    const image = imageOf.get(imageId as number);
    if (image === undefined) {
      log.drop(
        'annotation',
        listed.has(imageId) ? 'its image was dropped' : 'image_id is not in images',
        name,
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
  const which = id === undefined ? `annotations[${index}]` : `annotation ${JSON.stringify(id)}`;
  return `${which} of image ${JSON.stringify(imageId)}: category_id ${JSON.stringify(categoryId)}, bbox ${JSON.stringify(bbox)}`;
}
