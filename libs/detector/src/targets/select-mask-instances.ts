import { imagesOfPositives, type BatchPart } from '../batch-part.ts';
import { randomStream, type RandomStream } from '../random.ts';

export interface SelectionLimits {
  readonly total: number;
  readonly perImage?: number | undefined;
  readonly seed: number;
}

export interface MaskSelection {
  /** Chosen positives (indices into the batch's positives), per image, each list ascending. */
  readonly perImage: readonly (readonly number[])[];
  readonly count: number;
}

/** Draws the positives whose masks are trained: first at most `perImage` of every image, then at most `total`. */
export function selectMaskInstances(
  imageOfPositive: ArrayLike<number>,
  batchSize: number,
  limits: SelectionLimits,
): MaskSelection {
  const random = randomStream(limits.seed);
  const byImage: number[][] = Array.from({ length: batchSize }, () => []);
  for (let index = 0; index < imageOfPositive.length; index++) byImage[imageOfPositive[index]!]!.push(index);
  const afterImageCap = byImage.flatMap((list) => draw(list, limits.perImage ?? list.length, random));
  const chosen = draw(afterImageCap, limits.total, random);
  const perImage = Array.from({ length: batchSize }, (): number[] => []);
  for (const index of chosen) perImage[imageOfPositive[index]!]!.push(index);
  return { perImage, count: chosen.length };
}

/** What is drawn for the whole batch, of it what falls on the `images` of one part, as indices into its own positives. */
export function selectOfPart(part: BatchPart, images: number, limits: SelectionLimits): MaskSelection {
  const imageOf = imagesOfPositives(part.positives);
  const isOwn = (image: number): boolean => image >= part.firstImage && image < part.firstImage + images;
  let own = 0;
  const ownIndex = imageOf.map((image) => (isOwn(image) ? own++ : -1));
  const perImage = selectMaskInstances(imageOf, part.positives.length, limits)
    .perImage.slice(part.firstImage, part.firstImage + images)
    .map((list) => list.map((index) => ownIndex[index]!));
  return { perImage, count: perImage.reduce((sum, { length }) => sum + length, 0) };
}

/** `limit` of `items`, ascending, by a partial Fisher–Yates shuffle. */
function draw(items: readonly number[], limit: number, random: RandomStream): number[] {
  if (items.length <= limit) return [...items].sort((a, b) => a - b);
  const pool = [...items];
  for (let index = 0; index < limit; index++) {
    const other = index + Math.floor(random() * (pool.length - index));
    [pool[index], pool[other]] = [pool[other]!, pool[index]!];
  }
  return pool.slice(0, limit).sort((a, b) => a - b);
}
