import type { Detection, Instance, Rle } from '@cassl/vision';
import { CROWD } from '../coco/image-columns.ts';
import { decodeMasks } from '../files/decode-masks.ts';
import { readGroundTruth } from '../files/read-ground-truth.ts';
import { readResults } from '../files/read-results.ts';
import { MaskStore } from '../coco/mask-store.ts';
import { createEntityEvaluator, type EntitySummary } from './entity-evaluator.ts';

export interface EvaluateEntityFilesOptions {
  /** Path of a COCO file whose annotations are entities with masks. */
  readonly groundTruth: string;
  /** Path of COCO results with masks; categories do not matter. */
  readonly results: string;
  /** @default 'mask' */
  readonly area?: 'mask' | 'box';
  /** Also sort false detections by cause. @default false */
  readonly errorBreakdown?: boolean;
}

export interface EntityFilesEvaluation {
  readonly summary: EntitySummary;
  readonly warnings: readonly string[];
}

/** Entity AP of two files. @throws INVALID_ARGUMENT or NOT_FOUND naming file, entry and field. */
export async function evaluateEntityFiles(
  options: EvaluateEntityFilesOptions,
): Promise<EntityFilesEvaluation> {
  const gts = await readGroundTruth(options.groundTruth, { type: 'segm', keypointLength: 0 });
  const dts = await readResults(options.results, gts, {
    type: 'segm',
    keypointLength: 0,
    classAgnostic: true,
  });
  const evaluator = createEntityEvaluator({
    area: options.area ?? 'mask',
    errorBreakdown: options.errorBreakdown ?? false,
    expectedDetections: dts.count,
  });
  const scratch = new MaskStore();
  gts.images.forEach((image, i) => {
    const gtRows = gts.byImage.rows.subarray(gts.byImage.starts[i], gts.byImage.starts[i + 1]);
    const dtRows = dts.byImage.rows.subarray(dts.byImage.starts[i], dts.byImage.starts[i + 1]);
    decodeMasks(dts, dtRows, scratch, image);
    evaluator.addImage({
      imageId: image.id,
      groundTruths: Array.from(gtRows, (row): Instance => ({
        box: [0, 0, 0, 0], // measured from the mask
        category: 0,
        mask: maskAt(gts.masks, row, image),
        crowd: (gts.flags[row]! & CROWD) !== 0,
        area: 0,
      })),
      detections: Array.from(dtRows, (row, d): Detection => ({
        box: [0, 0, 0, 0],
        category: 0,
        score: dts.score[row]!,
        mask: maskAt(scratch, d, image),
      })),
    });
  });
  return { summary: evaluator.summarize(), warnings: gts.warnings };
}

function maskAt(store: MaskStore, index: number, { height, width }: { height: number; width: number }): Rle {
  return { height, width, counts: store.runs.slice(store.starts[index], store.starts[index + 1]) };
}
