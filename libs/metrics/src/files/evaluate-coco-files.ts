import { createCocoEvaluator, type CocoSummary } from '../coco/coco-evaluator.ts';
import { boxOverlaps } from '../coco/box-overlaps.ts';
import type { EvaluationType } from '../coco/evaluation-protocol.ts';
import type { ImageColumns, OverlapKernel } from '../coco/image-columns.ts';
import { COCO_KEYPOINT_SIGMAS, keypointOverlaps } from '../coco/keypoint-overlaps.ts';
import { maskOverlaps } from '../coco/mask-overlaps.ts';
import { MaskStore } from '../coco/mask-store.ts';
import { decodeMasks } from './decode-masks.ts';
import { readGroundTruth, type GroundTruthTable } from './read-ground-truth.ts';
import { readResults, type ResultsTable } from './read-results.ts';

export interface EvaluateCocoFilesOptions {
  readonly type: EvaluationType;
  /** Path of a COCO instances or keypoints file. */
  readonly groundTruth: string;
  /** Path of a COCO results file. */
  readonly results: string;
  /** @default false */
  readonly classAgnostic?: boolean;
  /** Also sort false detections by cause. @default false */
  readonly errorBreakdown?: boolean;
  /** @default COCO's 17 of a person */
  readonly keypointSigmas?: readonly number[];
}

export interface CocoFilesEvaluation {
  readonly summary: CocoSummary;
  /** What was left out of the ground truth, one line each. */
  readonly warnings: readonly string[];
  readonly timings: EvaluationTimings;
}

/** Where the time went, in milliseconds. */
export interface EvaluationTimings {
  readonly groundTruthMs: number;
  readonly resultsMs: number;
  /** Overlaps and matching, image by image; masks are decoded here. */
  readonly matchMs: number;
  readonly accumulateMs: number;
}

/**
 * COCO evaluation of two files, number for number what pycocotools prints for them.
 * @throws INVALID_ARGUMENT or NOT_FOUND naming file, entry and field, see {@link readGroundTruth} and {@link readResults}.
 */
export async function evaluateCocoFiles(options: EvaluateCocoFilesOptions): Promise<CocoFilesEvaluation> {
  const { type, classAgnostic = false, keypointSigmas = COCO_KEYPOINT_SIGMAS } = options;
  const keypointLength = 3 * keypointSigmas.length;
  const started = performance.now();
  const gts = await readGroundTruth(options.groundTruth, { type, keypointLength });
  const truthRead = performance.now();
  const dts = await readResults(options.results, gts, { type, keypointLength, classAgnostic });
  const resultsRead = performance.now();
  const evaluator = createCocoEvaluator({
    type,
    classAgnostic,
    keypointSigmas,
    categories: gts.categories,
    errorBreakdown: options.errorBreakdown ?? false,
    expectedDetections: dts.count,
  });
  for (const image of imagesOf(gts, dts, { type, classAgnostic, keypointSigmas }))
    evaluator.addColumns(image);
  const matched = performance.now();
  const summary = evaluator.summarize();
  return {
    summary,
    warnings: gts.warnings,
    timings: {
      groundTruthMs: truthRead - started,
      resultsMs: resultsRead - truthRead,
      matchMs: matched - resultsRead,
      accumulateMs: performance.now() - matched,
    },
  };
}

export interface ImagesOptions {
  readonly type: EvaluationType;
  readonly classAgnostic: boolean;
  readonly keypointSigmas: readonly number[];
}

/** The images of two tables by rising id. Every image's columns are overwritten by the next. */
function* imagesOf(
  gts: GroundTruthTable,
  dts: ResultsTable,
  { type, classAgnostic, keypointSigmas }: ImagesOptions,
): Generator<ImageColumns> {
  const gtSlice = new ImageSlice(3 * keypointSigmas.length);
  const dtSlice = new ImageSlice(3 * keypointSigmas.length);
  const gtMasks = new MaskStore();
  const dtMasks = new MaskStore();
  const overlaps: OverlapKernel = (...indices) => {
    const kernel =
      type === 'bbox'
        ? boxOverlaps(dtSlice.boxes, gtSlice.boxes, gtSlice.flags)
        : type === 'segm'
          ? maskOverlaps(dtMasks, gtMasks, gtSlice.flags)
          : keypointOverlaps(
              {
                dtKeypoints: dtSlice.keypoints,
                gtKeypoints: gtSlice.keypoints,
                gtBoxes: gtSlice.boxes,
                gtAreas: gtSlice.area,
              },
              keypointSigmas,
            );
    kernel(...indices);
  };
  for (const [i, image] of gts.images.entries()) {
    const gtRows = gts.byImage.rows.subarray(gts.byImage.starts[i], gts.byImage.starts[i + 1]);
    const dtRows = dts.byImage.rows.subarray(dts.byImage.starts[i], dts.byImage.starts[i + 1]);
    if (classAgnostic) {
      // As pycocotools with useCats = 0: category by category, which decides between equal scores and equal overlaps.
      gtRows.sort((a, b) => gts.category[a]! - gts.category[b]! || a - b);
      dtRows.sort((a, b) => dts.category[a]! - dts.category[b]! || a - b);
    }
    gtSlice.take(gtRows, gts, type);
    dtSlice.take(dtRows, dts, type);
    for (let d = 0; d < dtRows.length; d++) dtSlice.score[d] = dts.score[dtRows[d]!]!;
    for (let g = 0; g < gtRows.length; g++) gtSlice.flags[g] = gts.flags[gtRows[g]!]!;
    if (classAgnostic) {
      gtSlice.category.fill(0, 0, gtRows.length);
      dtSlice.category.fill(0, 0, dtRows.length);
    }
    if (type === 'segm') {
      copyMasks(gts.masks, gtRows, gtMasks, image.height);
      decodeMasks(dts, dtRows, dtMasks, image);
      // Without boxes in the results the area is the mask's.
      for (let d = 0; d < dtRows.length; d++) {
        if (Number.isNaN(dtSlice.area[d])) dtSlice.area[d] = dtMasks.areas[d]!;
      }
    }
    yield {
      imageId: image.id,
      gtCount: gtRows.length,
      gtCategory: gtSlice.category,
      gtArea: gtSlice.area,
      gtFlags: gtSlice.flags,
      dtCount: dtRows.length,
      dtCategory: dtSlice.category,
      dtScore: dtSlice.score,
      dtArea: dtSlice.area,
      overlaps,
    };
  }
}

/** Rows of one image, gathered from a table into scratch space. */
class ImageSlice {
  category = new Int32Array(0);
  area = new Float64Array(0);
  score = new Float64Array(0);
  flags = new Uint8Array(0);
  boxes = new Float64Array(0);
  keypoints = new Float64Array(0);
  private readonly keypointLength: number;

  constructor(keypointLength: number) {
    this.keypointLength = keypointLength;
  }

  take(
    rows: Uint32Array,
    table: { category: Int32Array; area: Float64Array; boxes: Float64Array; keypoints: Float64Array },
    type: EvaluationType,
  ): void {
    if (rows.length > this.area.length) this.grow(2 * rows.length);
    for (let i = 0; i < rows.length; i++) {
      this.category[i] = table.category[rows[i]!]!;
      this.area[i] = table.area[rows[i]!]!;
    }
    if (type !== 'segm') gather(table.boxes, rows, 4, this.boxes);
    if (type === 'keypoints') gather(table.keypoints, rows, this.keypointLength, this.keypoints);
  }

  private grow(capacity: number): void {
    this.category = new Int32Array(capacity);
    this.area = new Float64Array(capacity);
    this.score = new Float64Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.boxes = new Float64Array(4 * capacity);
    this.keypoints = new Float64Array(this.keypointLength * capacity);
  }
}

function gather(source: Float64Array, rows: Uint32Array, length: number, target: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * length;
    for (let j = 0; j < length; j++) target[i * length + j] = source[from + j]!;
  }
}

function copyMasks(source: MaskStore, rows: Uint32Array, target: MaskStore, height: number): void {
  target.clear();
  for (const row of rows) {
    const runs = source.runs.subarray(source.starts[row], source.starts[row + 1]);
    const start = target.reserve(runs.length);
    target.runs.set(runs, start);
    target.push(start + runs.length, height);
  }
}
