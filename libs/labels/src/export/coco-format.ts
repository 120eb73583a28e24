import { rleArea, rleFromString } from '@cassl/vision';
import type { LabeledRow, StoredLabel } from '../file/label-row.ts';
import { inPieces, type ExportContext, type ExportPiece } from './export-piece.ts';

/** One `instances.json` in COCO's format, annotations with scores. */
export function cocoFormat(context: ExportContext): AsyncIterable<ExportPiece> {
  return inPieces('instances.json', cocoTexts(context));
}

/** Read twice, because COCO lists images before annotations and neither list may have to fit into memory. */
export async function* cocoTexts({ images, className }: ExportContext): AsyncGenerator<string> {
  yield '{"info":{"description":"pseudo labels"},"images":[';
  let imageId = 0;
  for await (const { key, width, height } of images()) {
    yield separated(imageId++, { id: imageId, file_name: key, width, height });
  }
  yield '\n],"annotations":[';
  imageId = 0;
  let id = 0;
  for await (const image of images()) {
    imageId++;
    for (const label of image.instances) yield separated(id++, cocoAnnotation(id, imageId, label, image));
  }
  const category = { id: 1, name: className, supercategory: className };
  yield `\n],"categories":${JSON.stringify([category])}}\n`;
}

function cocoAnnotation(
  id: number,
  imageId: number,
  label: StoredLabel,
  { width, height }: LabeledRow,
): object {
  const { bbox, score, rle } = label;
  const common = { id, image_id: imageId, category_id: 1, iscrowd: 0, bbox, score };
  if (rle === undefined) return { ...common, area: bbox[2] * bbox[3] };
  const area = rleArea(rleFromString(rle, height, width));
  return { ...common, area, segmentation: { size: [height, width], counts: rle } };
}

/** An item of a JSON list after `before` others. */
export function separated(before: number, item: object): string {
  return `${before === 0 ? '' : ','}\n${JSON.stringify(item)}`;
}
