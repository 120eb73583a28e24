import { randomStream, type RandomStream } from '../random.ts';

export interface MaskSelection {
  /** Chosen positives (indices into the batch's positives), per image, each list ascending. */
  readonly perImage: readonly (readonly number[])[];
  readonly count: number;
}

/** Draws the positives whose masks are trained: first at most `perImage` of every image, then at most `total`. */
export function selectMaskInstances(
  imageOfPositive: ArrayLike<number>,
  batchSize: number,
  limits: { readonly total: number; readonly perImage?: number | undefined; readonly seed: number },
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
