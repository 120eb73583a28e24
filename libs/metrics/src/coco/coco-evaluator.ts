import { compareIds, type CocoId } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import { columnsOf } from './columns-of.ts';
import { summarizeTable, type BoxNumbers, type CategoryNumbers, type CocoNumbers } from './coco-summary.ts';
import type { EvaluatedImage } from './evaluated-image.ts';
import { cocoProtocol, type EvaluationProtocol, type EvaluationType } from './evaluation-protocol.ts';
import type { ImageColumns } from './image-columns.ts';
import { COCO_KEYPOINT_SIGMAS } from './keypoint-overlaps.ts';
import { ImageMatcher } from './match-images.ts';
import { createErrorCounter, type ErrorBreakdown } from '../errors/error-breakdown.ts';
import { accumulate, type PrecisionTable } from './precision-table.ts';
import { sortByScore } from './sort-by-score.ts';

export interface EvaluatedCategory {
  readonly id: CocoId;
  readonly name: string;
}

export interface CocoEvaluatorOptions<T extends EvaluationType = EvaluationType> {
  readonly type: T;
  /** In the order of the contiguous indices that instances and detections carry. */
  readonly categories: readonly EvaluatedCategory[];
  /** Collapses all categories into one, so that 100 detections per image count in total. @default false */
  readonly classAgnostic?: boolean;
  /** One constant per keypoint. @default COCO's 17 of a person */
  readonly keypointSigmas?: readonly number[];
  /** Also sort false detections by cause, which compares every detection with every object of its image. @default false */
  readonly errorBreakdown?: boolean;
  /** Spares the log from growing step by step where the number is known. */
  readonly expectedDetections?: number;
}

export interface CocoSummary<N extends CocoNumbers = CocoNumbers> {
  readonly type: EvaluationType;
  readonly images: number;
  readonly detections: number;
  /** The 12 (keypoints: 10) numbers of COCO's summary. */
  readonly numbers: N;
  /** The same per category; empty categories have nulls. One entry in a class-agnostic evaluation. */
  readonly perCategory: readonly CategoryNumbers<N>[];
  readonly protocol: EvaluationProtocol;
  readonly table: PrecisionTable;
  /** Present when asked for. */
  readonly errors?: ErrorBreakdown;
}

/**
 * COCO's AP and AR, image by image. After an image is added only a few words per detection are kept: its score and where
 * it matched; masks are gone.
 */
export interface CocoEvaluator<N extends CocoNumbers = CocoNumbers> {
  /**
   * @throws INVALID_ARGUMENT for an image added twice, a category outside the list, a score that is not finite, or a
   *   missing mask or keypoints where the type needs them.
   */
  addImage(image: EvaluatedImage): void;
  /** The same for readers that already hold columns and have checked them. */
  addColumns(image: ImageColumns): void;
  /** May be called more than once, with more images in between. */
  summarize(): CocoSummary<N>;
}

export function createCocoEvaluator(
  options:
    CocoEvaluatorOptions<'bbox'> | CocoEvaluatorOptions<'segm'> | CocoEvaluatorOptions<'bbox' | 'segm'>,
): CocoEvaluator<BoxNumbers>;
export function createCocoEvaluator(options: CocoEvaluatorOptions): CocoEvaluator;
export function createCocoEvaluator(options: CocoEvaluatorOptions): CocoEvaluator {
  const { type, classAgnostic = false, keypointSigmas = COCO_KEYPOINT_SIGMAS } = options;
  const categories = classAgnostic ? [{ id: 1, name: 'object' }] : options.categories;
  const protocol = cocoProtocol(type);
  const matcher = new ImageMatcher(protocol, categories.length, options.expectedDetections);
  const errors = options.errorBreakdown === true ? createErrorCounter() : undefined;
  const seen = new Set<CocoId>();

  return {
    addImage(image) {
      if (seen.has(image.imageId)) throw invalidArgument(`image ${image.imageId} is added twice`);
      const columns = columnsOf(image, {
        type,
        categories: options.categories.length,
        classAgnostic,
        sigmas: keypointSigmas,
      });
      seen.add(image.imageId);
      this.addColumns(columns);
    },
    addColumns(image) {
      matcher.add(image);
      errors?.addColumns(image);
    },
    summarize() {
      const { log, wanted, imageIds } = matcher;
      const table = accumulate(protocol, log, poolingOrder(matcher), wanted.slice());
      return {
        type,
        images: imageIds.length,
        detections: log.length,
        numbers: summarizeTable(type, protocol, table),
        perCategory: categories.map(({ id, name }, k) => ({
          id,
          name,
          ...summarizeTable(type, protocol, table, k),
        })),
        protocol,
        table,
        ...(errors === undefined ? {} : { errors: errors.summarize() }),
      };
    },
  };
}

/** All detections by falling score; ties go to the image with the lower id, then to the better rank. */
function poolingOrder({ log, imageIds }: ImageMatcher): Uint32Array {
  const { score, image, length } = log;
  const place = imagePlaces(imageIds);
  if (place === undefined) return sortByScore(score, length);
  const starts = new Uint32Array(imageIds.length + 1);
  for (let i = 0; i < length; i++) starts[place[image[i]!]! + 1]!++;
  for (let i = 0; i < imageIds.length; i++) starts[i + 1]! += starts[i]!;
  const byImage = new Uint32Array(length);
  for (let i = 0; i < length; i++) byImage[starts[place[image[i]!]!]!++] = i;
  const sorted = sortByScore(
    Float64Array.from(byImage, (entry) => score[entry]!),
    length,
  );
  return sorted.map((index) => byImage[index]!);
}

/** Place of every image among the sorted ids; undefined where they arrived in that order. */
function imagePlaces(imageIds: readonly CocoId[]): Int32Array | undefined {
  const order = imageIds.map((_, index) => index);
  order.sort((a, b) => compareIds(imageIds[a]!, imageIds[b]!));
  if (order.every((index, place) => index === place)) return undefined;
  const places = new Int32Array(order.length);
  order.forEach((index, place) => (places[index] = place));
  return places;
}
