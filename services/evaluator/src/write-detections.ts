import { toJson, type CocoId } from '@cassl/coco';
import type { Category } from '@cassl/proto';
import { addressIn, openRequestedStore } from '@cassl/storage';
import { rleToString, type Detection } from '@cassl/vision';
import type { DetectedImage } from './find-detections.ts';

/** Writes a COCO results file into the folder; answers its address, empty without a folder. */
export async function writeDetections(
  folder: string,
  images: readonly DetectedImage[],
  categories: readonly Category[],
): Promise<string> {
  if (folder === '') return '';
  const entries = images.flatMap(({ image, detections }) =>
    detections.map((detection) => toCocoResult(image.id, detection, categories)),
  );
  const body = Buffer.from(`[${entries.map((entry) => toJson(entry)).join(',\n')}]\n`);
  await openRequestedStore('EvaluationSpec.output_uri', folder, 'write').put('detections.json', body);
  return addressIn(folder, 'detections.json');
}

function toCocoResult(imageId: CocoId, detection: Detection, categories: readonly Category[]): object {
  const [x1, y1, x2, y2] = detection.box;
  const { score, category, mask } = detection;
  return {
    image_id: imageId,
    category_id: categories[category]?.id ?? category + 1,
    bbox: [x1, y1, x2 - x1, y2 - y1].map((value) => Math.round(value * 100) / 100),
    score: Math.round(score * 1e5) / 1e5,
    ...(mask === undefined
      ? {}
      : { segmentation: { size: [mask.height, mask.width], counts: rleToString(mask) } }),
  };
}
