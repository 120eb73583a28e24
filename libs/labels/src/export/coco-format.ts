import type { LabeledRow, StoredLabel } from '../file/label-row.ts';
import { inPieces, type ExportContext, type ExportPiece } from './export-piece.ts';
import { areaOf } from './label-area.ts';
import { createTextSpool } from './text-spool.ts';

/** One `instances.json` in COCO's format, annotations with scores. */
export function cocoFormat(context: ExportContext): AsyncIterable<ExportPiece> {
  return inPieces('instances.json', cocoTexts(context));
}

/** Images are listed behind the annotations, so that the labels are read once and neither list has to fit into memory. */
export async function* cocoTexts({ images, className }: ExportContext): AsyncGenerator<string> {
  const listed = createTextSpool();
  try {
    yield '{"info":{"description":"pseudo labels"},"annotations":[';
    let imageId = 0;
    let id = 0;
    for await (const image of images) {
      const { key, width, height, instances } = image;
      await listed.add(separated(imageId++, { id: imageId, file_name: key, width, height }));
      yield instances.map((label) => separated(id++, annotation(id, imageId, label, image))).join('');
    }
    yield '\n],"images":[';
    yield* listed.read();
    const category = { id: 1, name: className, supercategory: className };
    yield `\n],"categories":${JSON.stringify([category])}}\n`;
  } finally {
    await listed.close();
  }
}

function annotation(id: number, imageId: number, label: StoredLabel, image: LabeledRow): object {
  const { bbox, score, rle } = label;
  const area = areaOf(label, image);
  const common = { id, image_id: imageId, category_id: 1, iscrowd: 0, bbox, score, area };
  return rle === undefined
    ? common
    : { ...common, segmentation: { size: [image.height, image.width], counts: rle } };
}

/** An item of a JSON list after `before` others. */
function separated(before: number, item: object): string {
  return `${before === 0 ? '' : ','}\n${JSON.stringify(item)}`;
}
