import { brief, crowdOf, crowdProblem, listedArea, type CocoId } from '@cassl/coco';
import { rleArea, type Instance } from '@cassl/vision';
import { checkBox } from './check-box.ts';
import { checkMask } from './check-mask.ts';
import type { CocoEntry } from './coco-document.ts';

export type CheckedAnnotation =
  | { readonly instance: Instance; readonly repairs: readonly string[] }
  | { readonly instance?: undefined; readonly reason: string };

export interface CheckAnnotationContext {
  readonly width: number;
  readonly height: number;
  /** From the source's category ids to contiguous indices. */
  readonly indexOf: ReadonlyMap<CocoId, number>;
}

/** One instance annotation as a checked instance with its box and mask inside the image, or why it is unusable. */
export function checkAnnotation(entry: CocoEntry, context: CheckAnnotationContext): CheckedAnnotation {
  const { width, height, indexOf } = context;
  const category = indexOf.get(entry['category_id'] as CocoId);
  if (category === undefined) return { reason: categoryProblem(entry['category_id'], indexOf) };
  const crowd = crowdOf(entry);
  if (crowd === undefined) return { reason: crowdProblem(entry) };
  const listed = listedArea(entry);
  if (Number.isNaN(listed)) return { reason: `area must be a finite number, got ${brief(entry['area'])}` };
  const score = entry['score'] ?? undefined;
  if (!isScore(score)) return { reason: `score must be a number from 0 to 1, got ${brief(score)}` };
  const box = checkBox(entry['bbox'], width, height);
  if (box.box === undefined) return { reason: box.reason };
  const mask = checkMask(entry['segmentation'], width, height);
  if ('reason' in mask) return { reason: mask.reason };
  const repairs = [
    ...(box.clipped ? ['bbox reaches beyond its image: clipped'] : []),
    ...(mask.clipped ? ['segmentation reaches beyond its image: clipped'] : []),
    ...(listed === undefined ? ['area is missing: measured on the mask or box'] : []),
  ];
  const instance: Instance = {
    box: box.box,
    category,
    crowd,
    area: listed ?? measuredArea(box.box, mask.mask === undefined ? undefined : rleArea(mask.mask)),
    ...(mask.mask === undefined ? {} : { mask: mask.mask }),
    ...(score === undefined ? {} : { score }),
  };
  return { instance, repairs };
}

/** Without the id, so that one sentence serves all such labels. */
function categoryProblem(id: unknown, known: ReadonlyMap<CocoId, number>): string {
  const hasTexts = [...known.keys()].some((other) => typeof other === 'string');
  const hasNumbers = [...known.keys()].some((other) => typeof other !== 'string');
  if (typeof id === 'string' && !hasTexts) return 'category_id is a text, the ids of categories are numbers';
  if (typeof id === 'number' && !hasNumbers)
    return 'category_id is a number, the ids of categories are texts';
  return 'category_id is not in categories';
}

/** People's annotations have none. */
function isScore(score: unknown): score is number | undefined {
  return score === undefined || (typeof score === 'number' && score >= 0 && score <= 1);
}

function measuredArea(box: Instance['box'], maskArea: number | undefined): number {
  return maskArea ?? (box[2] - box[0]) * (box[3] - box[1]);
}
