import { invalidArgument } from '@cassl/errors';
import { decodeMask, type BinaryMask, type Detection, type IdMap, type Instance } from '@cassl/vision';
import type { PanopticSegment, PanopticSide } from './panoptic-quality.ts';

export interface MergeDetectionsOptions {
  readonly width: number;
  readonly height: number;
  /** Score that a detection must exceed. */
  readonly threshold: number;
  /** By `Detection.category`. Every detection of a thing is a segment; those of a stuff category are one together. */
  readonly isThing: (category: number) => boolean;
}

/** More than this share taken by better detections: it is the same thing again, not one that is partly hidden. */
const MAX_TAKEN = 0.5;

/**
 * The panoptic picture that overlapping detections make, by the heuristics of Panoptic FPN (Kirillov et al., 2019): things
 * before stuff, best score first, every pixel to the first that covers it; a detection that is mostly taken is left out. What
 * nothing covers is void. A segment's category is its detections'.
 * @throws INVALID_ARGUMENT for a detection without a mask of the image's size
 */
export function mergeDetections(
  detections: readonly Detection[],
  { width, height, threshold, isThing }: MergeDetectionsOptions,
): PanopticSide {
  const ids = new Int32Array(width * height);
  const segments: PanopticSegment[] = [];
  const stuffIds = new Map<number, number>();
  const kept = detections.filter(({ score }) => score > threshold);
  for (const { category, mask } of inOrder(kept, isThing)) {
    const { data } = pixelsOf(mask, width, height);
    if (!isMostlyFree(data, ids)) continue;
    const known = isThing(category) ? undefined : stuffIds.get(category);
    const id = known ?? segments.length + 1;
    paint(ids, data, id);
    if (known !== undefined) continue;
    segments.push({ id, categoryId: category, crowd: false });
    if (!isThing(category)) stuffIds.set(category, id);
  }
  return { map: { width, height, ids }, segments };
}

/** The truth in the same form: masks that do not overlap. @throws INVALID_ARGUMENT as `mergeDetections` */
export function panopticTruth(
  instances: readonly Instance[],
  { width, height }: Pick<IdMap, 'width' | 'height'>,
): PanopticSide {
  const ids = new Int32Array(width * height);
  instances.forEach(({ mask }, index) => paint(ids, pixelsOf(mask, width, height).data, index + 1));
  const segments = instances.map(({ category, crowd }, index) => ({
    id: index + 1,
    categoryId: category,
    crowd,
  }));
  return { map: { width, height, ids }, segments };
}

function inOrder(detections: readonly Detection[], isThing: (category: number) => boolean): Detection[] {
  const rank = ({ category }: Detection): number => (isThing(category) ? 0 : 1);
  return [...detections].sort((a, b) => rank(a) - rank(b) || b.score - a.score);
}

function pixelsOf(mask: Instance['mask'], width: number, height: number): BinaryMask {
  if (mask?.width === width && mask.height === height) return decodeMask(mask);
  const found = mask === undefined ? 'none' : `${mask.height} x ${mask.width}`;
  throw invalidArgument(`panoptic segments need a mask of ${height} x ${width} pixels, got ${found}`);
}

function isMostlyFree(mask: Uint8Array, ids: Int32Array): boolean {
  let area = 0;
  let free = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    area++;
    if (ids[pixel] === 0) free++;
  }
  return free > 0 && area - free <= area * MAX_TAKEN;
}

function paint(ids: Int32Array, mask: Uint8Array, id: number): void {
  for (let pixel = 0; pixel < mask.length; pixel++)
    if (mask[pixel] === 1 && ids[pixel] === 0) ids[pixel] = id;
}
