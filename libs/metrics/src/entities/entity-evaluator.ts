import type { CocoId } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import { resolveOverlaps, rleArea, rleBox, type Detection, type Instance, type Rle } from '@cassl/vision';
import { createCocoEvaluator, type CocoSummary } from '../coco/coco-evaluator.ts';
import type { BoxNumbers } from '../coco/coco-summary.ts';

export interface EntityEvaluatorOptions {
  /**
   * What decides whether an entity is small, medium or large. `mask`: its pixels, everywhere. `box`: as the paper's code
   * does, boxes end on their last pixel (one short of continuous coordinates) and an entity's area is that of its box.
   * @default 'mask'
   */
  readonly area?: 'mask' | 'box';
  readonly expectedDetections?: number;
  /** Also sort false detections by cause. @default false */
  readonly errorBreakdown?: boolean;
}

export interface EntityImage {
  readonly imageId: CocoId;
  /** True entities with masks; crowds are dropped, they are no ignore regions here. */
  readonly groundTruths: readonly Instance[];
  /** Detections with masks, overlapping or not; categories do not matter. */
  readonly detections: readonly Detection[];
}

/** AP^e of boxes and of masks, over the same non-overlapping detections. */
export interface EntitySummary {
  readonly area: 'mask' | 'box';
  readonly bbox: CocoSummary<BoxNumbers>;
  readonly segm: CocoSummary<BoxNumbers>;
}

export interface EntityEvaluator {
  /** @throws INVALID_ARGUMENT for an image added twice, a missing mask or a score that is not finite. */
  addImage(image: EntityImage): void;
  summarize(): EntitySummary;
}

/**
 * Entity AP: detections are made non-overlapping first (see `resolveOverlaps`), boxes are those of what remains, and
 * class-agnostic COCO AP follows. Nothing is ignored: detections in crowds and unlabeled regions are false.
 */
export function createEntityEvaluator({
  area = 'mask',
  expectedDetections,
  errorBreakdown = false,
}: EntityEvaluatorOptions = {}): EntityEvaluator {
  const shared = {
    categories: [{ id: 1, name: 'entity' }],
    classAgnostic: true,
    errorBreakdown,
    ...(expectedDetections === undefined ? {} : { expectedDetections }),
  };
  const bbox = createCocoEvaluator({ type: 'bbox', ...shared });
  const segm = createCocoEvaluator({ type: 'segm', ...shared });
  return {
    addImage({ imageId, groundTruths, detections }) {
      const image = {
        imageId,
        groundTruths: groundTruths
          .filter(({ crowd }) => !crowd)
          .map(({ mask }, i) => entity(requireMask(mask, `image ${imageId}: groundTruths[${i}]`), area)),
        detections: resolveOverlaps(
          detections.map((detection, i) => ({
            ...detection,
            category: 0,
            mask: requireMask(detection.mask, `image ${imageId}: detections[${i}]`),
          })),
          { boxes: area === 'box' ? 'inclusive' : 'continuous' },
        ),
      };
      segm.addImage(image);
      bbox.addImage(image);
    },
    summarize() {
      return { area, bbox: bbox.summarize(), segm: segm.summarize() };
    },
  };
}

function requireMask(mask: Rle | undefined, name: string): Rle {
  if (mask !== undefined) return mask;
  throw invalidArgument(`${name}.mask is missing; entity evaluation needs it`);
}

function entity(mask: Rle, area: 'mask' | 'box'): Instance {
  const [x, y, width, height] = rleBox(mask);
  const reach = area === 'box' && width > 0 ? 1 : 0;
  const box = [x, y, x + width - reach, y + height - reach] as const;
  return {
    box,
    mask,
    category: 0,
    crowd: false,
    area: area === 'box' ? (box[2] - box[0]) * (box[3] - box[1]) : rleArea(mask),
  };
}

/** {@link createEntityEvaluator} over images at hand. */
export function evaluateEntities(
  images: Iterable<EntityImage>,
  options: EntityEvaluatorOptions = {},
): EntitySummary {
  const evaluator = createEntityEvaluator(options);
  for (const image of images) evaluator.addImage(image);
  return evaluator.summarize();
}
