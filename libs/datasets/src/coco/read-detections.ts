import { readFile } from 'node:fs/promises';
import { parseJson, type CocoId } from '@cassl/coco';
import { readablePath } from '@cassl/storage';
import { rleFromString, toXyxy, type Detection, type Xywh } from '@cassl/vision';
import type { DatasetCategory } from '../dataset.ts';
import { writtenIds } from '../written-ids.ts';

interface CocoResult {
  readonly image_id: CocoId;
  readonly category_id: number;
  readonly bbox: Xywh;
  readonly score: number;
  readonly segmentation?: { readonly size: readonly [number, number]; readonly counts: string };
}

/** Detections of every image, by its COCO id. */
export type FoundImages = ReadonlyMap<CocoId, readonly Detection[]>;

/** Reads what the evaluator wrote: COCO's results, categories as the data set numbers them. */
export async function readDetections(
  uri: string,
  categories: readonly DatasetCategory[],
): Promise<FoundImages> {
  const byImage = new Map<CocoId, Detection[]>();
  if (uri === '') return byImage;
  const indexOf = new Map(writtenIds(categories).map((id, index) => [id, index]));
  const path = await readablePath('detections_uri', uri);
  for (const result of parseJson(await readFile(path, 'utf8')) as CocoResult[]) {
    const list = byImage.get(result.image_id) ?? [];
    list.push(toDetection(result, indexOf.get(result.category_id) ?? 0));
    byImage.set(result.image_id, list);
  }
  return byImage;
}

function toDetection({ bbox, score, segmentation }: CocoResult, category: number): Detection {
  const mask =
    segmentation === undefined
      ? {}
      : { mask: rleFromString(segmentation.counts, segmentation.size[0], segmentation.size[1]) };
  return { box: toXyxy(bbox), score, category, ...mask };
}
