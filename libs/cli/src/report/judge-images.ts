import type { LabeledImage } from '@cassl/datasets';
import { bestPerObject } from '../pictures/best-per-object.ts';
import { matchFound } from './match-found.ts';
import type { FoundImages } from '@cassl/datasets';

/** An image with how well a detector did on it. */
export interface JudgedImage {
  readonly image: LabeledImage;
  /** F1 of its objects, found at IoU 0.5 under their right class. */
  readonly f1: number;
}

export interface Cases {
  readonly best: readonly JudgedImage[];
  readonly typical: readonly JudgedImage[];
  readonly worst: readonly JudgedImage[];
}

/** Images with objects, worst first; of equal ones those with more objects tell more and come first. */
export function judgeImages(images: readonly LabeledImage[], found: FoundImages): JudgedImage[] {
  return images
    .filter(({ instances }) => instances.some(({ crowd }) => !crowd))
    .map((image) => ({ image, f1: judge(image, found) }))
    .sort((a, b) => a.f1 - b.f1 || b.image.instances.length - a.image.instances.length);
}

function judge({ id, instances }: LabeledImage, found: FoundImages): number {
  const pairs = matchFound(
    instances,
    bestPerObject(found.get(id) ?? [], (detection) => detection),
  );
  const right = pairs.filter(
    ({ object, detection }) => object !== undefined && object.category === detection?.category,
  );
  const sides = pairs.reduce(
    (sum, { object, detection }) => sum + Number(object !== undefined) + Number(detection !== undefined),
    0,
  );
  return sides === 0 ? 0 : (2 * right.length) / sides;
}

/** @param judged worst first */
export function chooseCases(judged: readonly JudgedImage[], each: number): Cases {
  const count = Math.min(each, Math.floor(judged.length / 3));
  const middle = Math.floor((judged.length - count) / 2);
  return {
    best: judged.slice(judged.length - count).reverse(),
    typical: judged.slice(middle, middle + count),
    worst: judged.slice(0, count),
  };
}
