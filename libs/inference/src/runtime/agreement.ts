import { pairIou } from '@cassl/vision';
import type { FoundObject } from '../inference-request.ts';

/** Overlap at which two boxes of one category are the same finding: COCO's loosest. */
const SAME_AT = 0.5;

/**
 * How far two models agree on an image: the F1 of one's findings against the other's, matched greedily by score within
 * categories. 1 where neither finds anything.
 */
export function agreement(a: readonly FoundObject[], b: readonly FoundObject[]): number {
  if (a.length + b.length === 0) return 1;
  const free = new Set(b);
  let matched = 0;
  for (const found of [...a].sort((first, second) => second.score - first.score)) {
    const twin = [...free].find(
      ({ box, category }) => category === found.category && pairIou(found.box, 0, box, 0) >= SAME_AT,
    );
    if (twin === undefined) continue;
    free.delete(twin);
    matched += 1;
  }
  return (2 * matched) / (a.length + b.length);
}
