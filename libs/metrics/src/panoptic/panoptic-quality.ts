import type { CocoId } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import type { IdMap } from '@cassl/vision';

/** A segment of a panoptic image, as COCO's `segments_info` lists it. */
export interface PanopticSegment {
  /** Id of its pixels; never 0, which is void. */
  readonly id: number;
  readonly categoryId: number;
  readonly crowd: boolean;
}

export interface PanopticCategory {
  readonly id: number;
  readonly name: string;
  readonly isThing: boolean;
}

export interface PanopticSide {
  readonly map: IdMap;
  readonly segments: readonly PanopticSegment[];
}

export interface PanopticImage {
  readonly imageId: CocoId;
  readonly groundTruth: PanopticSide;
  readonly prediction: PanopticSide;
}

/** Panoptic, segmentation and recognition quality in [0, 1]; null where nothing was there and nothing was predicted. */
export interface PanopticNumbers {
  readonly PQ: number | null;
  readonly SQ: number | null;
  readonly RQ: number | null;
}

export type PanopticCategoryNumbers = PanopticNumbers &
  PanopticCategory & { readonly tp: number; readonly fp: number; readonly fn: number };

export interface PanopticSummary {
  readonly images: number;
  readonly all: PanopticNumbers;
  readonly things: PanopticNumbers;
  readonly stuff: PanopticNumbers;
  readonly perCategory: readonly PanopticCategoryNumbers[];
}

/** PQ image by image; only four numbers per category are kept. */
export interface PanopticEvaluator {
  /**
   * @throws INVALID_ARGUMENT for maps of different sizes, a segment that is listed but has no pixel or has pixels but is
   *   not listed, and an unknown category; the message names the image.
   */
  addImage(image: PanopticImage): void;
  summarize(): PanopticSummary;
}

const VOID = 0;
/** More than half of a prediction in void or in a crowd of its own category: it is no false positive. */
const IGNORED_SHARE = 0.5;
/** Above one half at most one prediction can match a segment, so that matching needs no search. */
const MATCH_IOU = 0.5;

interface Tally {
  iou: number;
  tp: number;
  fp: number;
  fn: number;
}

/** Panoptic quality (Kirillov et al., 2019) with the void and crowd rules of COCO's panopticapi. */
export function createPanopticEvaluator(categories: readonly PanopticCategory[]): PanopticEvaluator {
  const tallies = new Map<number, Tally>(categories.map(({ id }) => [id, { iou: 0, tp: 0, fp: 0, fn: 0 }]));
  let images = 0;
  return {
    addImage(image) {
      scoreImage(image, tallies);
      images++;
    },
    summarize() {
      const over = (chosen: readonly PanopticCategory[]): PanopticNumbers =>
        average(chosen.map(({ id }) => qualityOf(tallies.get(id)!)));
      return {
        images,
        all: over(categories),
        things: over(categories.filter(({ isThing }) => isThing)),
        stuff: over(categories.filter(({ isThing }) => !isThing)),
        perCategory: categories.map((category) => {
          const { tp, fp, fn } = tallies.get(category.id)!;
          return { ...category, ...qualityOf(tallies.get(category.id)!), tp, fp, fn };
        }),
      };
    },
  };
}

function scoreImage({ imageId, groundTruth, prediction }: PanopticImage, tallies: Map<number, Tally>): void {
  const name = `image ${imageId}`;
  if (groundTruth.map.width !== prediction.map.width || groundTruth.map.height !== prediction.map.height) {
    throw invalidArgument(
      `${name}: the prediction is ${prediction.map.height} x ${prediction.map.width} pixels, ` +
        `the ground truth ${groundTruth.map.height} x ${groundTruth.map.width}`,
    );
  }
  const shared = countPairs(groundTruth.map.ids, prediction.map.ids);
  const gtAreas = segmentAreas(groundTruth, tallies, `${name}: ground truth`);
  const dtAreas = segmentAreas(prediction, tallies, `${name}: prediction`);
  const gtMatched = new Set<number>();
  const dtMatched = new Set<number>();
  const predicted = new Map(prediction.segments.map((segment) => [segment.id, segment]));
  const common = (gt: number, dt: number): number => shared.get(pairKey(gt, dt)) ?? 0;

  for (const gt of groundTruth.segments) {
    if (gt.crowd) continue;
    for (const dt of predicted.values()) {
      const inter = common(gt.id, dt.id);
      if (inter === 0 || gt.categoryId !== dt.categoryId) continue;
      const union = dtAreas.get(dt.id)! + gtAreas.get(gt.id)! - inter - common(VOID, dt.id);
      if (inter / union <= MATCH_IOU) continue;
      const tally = tallies.get(gt.categoryId)!;
      tally.tp++;
      tally.iou += inter / union;
      gtMatched.add(gt.id);
      dtMatched.add(dt.id);
    }
  }

  const crowds = new Map<number, number>(); // of several crowds of a category, the last one listed counts
  for (const gt of groundTruth.segments) {
    if (gt.crowd) crowds.set(gt.categoryId, gt.id);
    else if (!gtMatched.has(gt.id)) tallies.get(gt.categoryId)!.fn++;
  }
  for (const dt of predicted.values()) {
    if (dtMatched.has(dt.id)) continue;
    const crowd = crowds.get(dt.categoryId);
    const excused = common(VOID, dt.id) + (crowd === undefined ? 0 : common(crowd, dt.id));
    if (excused / dtAreas.get(dt.id)! <= IGNORED_SHARE) tallies.get(dt.categoryId)!.fp++;
  }
}

/** Two 24-bit ids as one exact number. */
function pairKey(gt: number, dt: number): number {
  return gt * 2 ** 24 + dt;
}

/** Pixels that every pair of ids shares. Neighbours mostly have the same pair, so whole runs are counted at once. */
function countPairs(gts: Int32Array, dts: Int32Array): Map<number, number> {
  const shared = new Map<number, number>();
  for (let start = 0; start < gts.length;) {
    const gt = gts[start]!;
    const dt = dts[start]!;
    let end = start + 1;
    while (end < gts.length && gts[end] === gt && dts[end] === dt) end++;
    const key = pairKey(gt, dt);
    shared.set(key, (shared.get(key) ?? 0) + end - start);
    start = end;
  }
  return shared;
}

/** Pixels of every listed segment. @throws INVALID_ARGUMENT where list and pixels disagree. */
function segmentAreas(
  { map, segments }: PanopticSide,
  tallies: Map<number, Tally>,
  name: string,
): Map<number, number> {
  const areas = new Map<number, number>();
  for (let start = 0; start < map.ids.length;) {
    const id = map.ids[start]!;
    let end = start + 1;
    while (end < map.ids.length && map.ids[end] === id) end++;
    areas.set(id, (areas.get(id) ?? 0) + end - start);
    start = end;
  }
  const listed = new Set<number>([VOID]);
  for (const { id, categoryId } of segments) {
    if (listed.has(id)) throw invalidArgument(`${name}: segment ${id} is listed twice or is void`);
    listed.add(id);
    if (!areas.has(id)) throw invalidArgument(`${name}: segment ${id} is listed but has no pixel`);
    if (!tallies.has(categoryId))
      throw invalidArgument(`${name}: segment ${id} has the unknown category ${categoryId}`);
  }
  for (const id of areas.keys()) {
    if (!listed.has(id)) throw invalidArgument(`${name}: segment ${id} has pixels but is not listed`);
  }
  return areas;
}

function qualityOf({ iou, tp, fp, fn }: Tally): PanopticNumbers {
  if (tp + fp + fn === 0) return { PQ: null, SQ: null, RQ: null };
  const weight = tp + 0.5 * fp + 0.5 * fn;
  return { PQ: iou / weight, SQ: tp === 0 ? 0 : iou / tp, RQ: tp / weight };
}

function average(numbers: readonly PanopticNumbers[]): PanopticNumbers {
  const mean = (key: keyof PanopticNumbers): number | null => {
    const values = numbers.map((entry) => entry[key]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return { PQ: mean('PQ'), SQ: mean('SQ'), RQ: mean('RQ') };
}

/** {@link createPanopticEvaluator} over images at hand. */
export function evaluatePanoptic(
  images: Iterable<PanopticImage>,
  categories: readonly PanopticCategory[],
): PanopticSummary {
  const evaluator = createPanopticEvaluator(categories);
  for (const image of images) evaluator.addImage(image);
  return evaluator.summarize();
}
