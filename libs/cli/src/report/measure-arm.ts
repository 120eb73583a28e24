import type { Dataset } from '@cassl/datasets';
import {
  createCocoEvaluator,
  precisionRecallCurves,
  type BoxNumbers,
  type CategoryNumbers,
} from '@cassl/metrics';
import { countConfusion, type Confusion } from './confusion.ts';
import type { FoundImages } from '@cassl/datasets';
import { judgeImages, type JudgedImage } from './judge-images.ts';

/** What one arm's detector is like on the validation images, in boxes. */
export interface ArmMeasures {
  readonly numbers: BoxNumbers;
  readonly perCategory: readonly CategoryNumbers<BoxNumbers>[];
  /** Precision over recall, by IoU. */
  readonly precisionRecall: readonly {
    readonly name: string;
    readonly points: readonly (readonly [recall: number, precision: number])[];
  }[];
  readonly confusion: Confusion;
  /** Worst first. */
  readonly images: readonly JudgedImage[];
}

/** Measures the detections of an arm again, in the detail that the evaluator's numbers have not. */
export function measureArm({ images, categories }: Dataset, found: FoundImages): ArmMeasures {
  const evaluator = createCocoEvaluator({
    type: 'bbox',
    categories: categories.map(({ index, name }) => ({ id: index + 1, name })),
  });
  for (const { id, instances } of images) {
    evaluator.addImage({ imageId: id, groundTruths: instances, detections: found.get(id) ?? [] });
  }
  const { numbers, perCategory, protocol, table } = evaluator.summarize();
  return {
    numbers,
    perCategory,
    precisionRecall: precisionRecallCurves(protocol, table).map(({ name, precision }) => ({
      name,
      points: precision.flatMap((value, index) =>
        value === null ? [] : [[protocol.recallGrid[index] ?? 0, value] as const],
      ),
    })),
    confusion: countConfusion(images, found, categories.length),
    images: judgeImages(images, found),
  };
}
