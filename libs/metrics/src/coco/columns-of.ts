import { invalidArgument } from '@cassl/errors';
import type { Rle, Xyxy } from '@cassl/vision';
import type { EvaluatedImage } from './evaluated-image.ts';
import { boxOverlaps } from './box-overlaps.ts';
import type { EvaluationType } from './evaluation-protocol.ts';
import { CROWD, IGNORE, type ImageColumns, type OverlapKernel } from './image-columns.ts';
import { keypointOverlaps } from './keypoint-overlaps.ts';
import { maskOverlaps } from './mask-overlaps.ts';
import { MaskStore } from './mask-store.ts';

export interface ColumnsOptions {
  readonly type: EvaluationType;
  readonly categories: number;
  readonly classAgnostic: boolean;
  readonly sigmas: readonly number[];
}

/** Checks one image and lays it out for the matcher. @throws INVALID_ARGUMENT naming image, list, index and field. */
export function columnsOf(image: EvaluatedImage, options: ColumnsOptions): ImageColumns {
  const { imageId } = image;
  const groundTruths = options.classAgnostic ? byCategory(image.groundTruths) : image.groundTruths;
  const detections = options.classAgnostic ? byCategory(image.detections) : image.detections;
  const name = (list: string, index: number) => `image ${imageId}: ${list}[${index}]`;
  groundTruths.forEach(({ category }, i) =>
    assertCategory(category, options.categories, name('groundTruths', i)),
  );
  detections.forEach(({ category, score }, i) => {
    assertCategory(category, options.categories, name('detections', i));
    if (!Number.isFinite(score)) {
      throw invalidArgument(`${name('detections', i)}.score must be a finite number, got ${score}`);
    }
  });
  const gtFlags = Uint8Array.from(groundTruths, ({ crowd }) => (crowd ? CROWD | IGNORE : 0));
  const gtArea = Float64Array.from(groundTruths, ({ area }) => area);
  const { dtArea, overlaps } = geometryOf({ groundTruths, detections }, options, gtFlags, gtArea, name);
  const index = ({ category }: { category: number }) => (options.classAgnostic ? 0 : category);
  return {
    imageId,
    gtCount: groundTruths.length,
    gtCategory: Int32Array.from(groundTruths, index),
    gtArea,
    gtFlags,
    dtCount: detections.length,
    dtCategory: Int32Array.from(detections, index),
    dtScore: Float64Array.from(detections, ({ score }) => score),
    dtArea,
    overlaps,
  };
}

/** As pycocotools with useCats = 0 takes them, which decides between equal scores and equal overlaps. */
function byCategory<T extends { readonly category: number }>(entries: readonly T[]): readonly T[] {
  return entries.toSorted((a, b) => a.category - b.category);
}

function geometryOf(
  { groundTruths, detections }: Pick<EvaluatedImage, 'groundTruths' | 'detections'>,
  { type, sigmas }: ColumnsOptions,
  gtFlags: Uint8Array,
  gtArea: Float64Array,
  name: (list: string, index: number) => string,
): { dtArea: Float64Array; overlaps: OverlapKernel } {
  switch (type) {
    case 'bbox': {
      const dtBoxes = xywhOf(detections);
      return {
        dtArea: Float64Array.from(detections, (_, i) => dtBoxes[4 * i + 2]! * dtBoxes[4 * i + 3]!),
        overlaps: boxOverlaps(dtBoxes, xywhOf(groundTruths), gtFlags),
      };
    }
    case 'segm': {
      const dts = storeOf(
        detections,
        (i) => name('detections', i),
        detections[0]?.mask ?? groundTruths[0]?.mask,
      );
      const gts = storeOf(
        groundTruths,
        (i) => name('groundTruths', i),
        detections[0]?.mask ?? groundTruths[0]?.mask,
      );
      return { dtArea: dts.areas, overlaps: maskOverlaps(dts, gts, gtFlags) };
    }
    case 'keypoints': {
      const length = 3 * sigmas.length;
      const dtKeypoints = pointsOf(detections, length, (i) => name('detections', i));
      const gtKeypoints = pointsOf(groundTruths, length, (i) => name('groundTruths', i));
      markUnlabeled(gtKeypoints, length, gtFlags);
      return {
        dtArea: Float64Array.from(detections, (_, i) => spannedArea(dtKeypoints, i * length, length)),
        overlaps: keypointOverlaps(
          { dtKeypoints, gtKeypoints, gtBoxes: xywhOf(groundTruths), gtAreas: gtArea },
          sigmas,
        ),
      };
    }
  }
}

function assertCategory(category: number, categories: number, owner: string): void {
  if (Number.isInteger(category) && category >= 0 && category < categories) return;
  throw invalidArgument(`${owner}.category must be within [0, ${categories - 1}], got ${category}`);
}

function xywhOf(objects: readonly { box: Xyxy }[]): Float64Array {
  const boxes = new Float64Array(4 * objects.length);
  objects.forEach(({ box: [x1, y1, x2, y2] }, i) => boxes.set([x1, y1, x2 - x1, y2 - y1], 4 * i));
  return boxes;
}

function storeOf(
  objects: readonly { mask?: Rle | undefined }[],
  name: (index: number) => string,
  sibling: Rle | undefined,
): MaskStore {
  const store = new MaskStore();
  objects.forEach(({ mask }, i) => {
    if (mask === undefined) throw invalidArgument(`${name(i)}.mask is missing; segm evaluation needs it`);
    if (mask.height !== sibling?.height || mask.width !== sibling.width) {
      throw invalidArgument(
        `${name(i)}.mask is ${mask.height} x ${mask.width}, others of its image are ${sibling?.height} x ${sibling?.width}`,
      );
    }
    const start = store.reserve(mask.counts.length);
    store.runs.set(mask.counts, start);
    store.push(start + mask.counts.length, mask.height);
  });
  return store;
}

function pointsOf(
  objects: readonly { keypoints?: ArrayLike<number> }[],
  length: number,
  name: (index: number) => string,
): Float64Array {
  const points = new Float64Array(length * objects.length);
  objects.forEach(({ keypoints }, i) => {
    if (keypoints?.length !== length) {
      throw invalidArgument(
        `${name(i)}.keypoints must hold ${length} numbers, got ${keypoints?.length ?? 'none'}`,
      );
    }
    points.set(Array.from(keypoints), i * length);
  });
  return points;
}

/** People without a labeled keypoint are neither found nor missed. */
function markUnlabeled(gtKeypoints: Float64Array, length: number, gtFlags: Uint8Array): void {
  for (let g = 0; g < gtFlags.length; g++) {
    let labeled = false;
    for (let at = g * length + 2; at < (g + 1) * length; at += 3) labeled ||= gtKeypoints[at]! > 0;
    if (!labeled) gtFlags[g]! |= IGNORE;
  }
}

/** Area of the box around all points, labeled or not, as pycocotools measures a detection without a box. */
export function spannedArea(keypoints: Float64Array, start: number, length: number): number {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = start; at < start + length; at += 3) {
    left = Math.min(left, keypoints[at]!);
    right = Math.max(right, keypoints[at]!);
    top = Math.min(top, keypoints[at + 1]!);
    bottom = Math.max(bottom, keypoints[at + 1]!);
  }
  return (right - left) * (bottom - top);
}
