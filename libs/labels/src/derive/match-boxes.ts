import { pairIou, type Xyxy } from '@cassl/vision';

export interface ScoredBox {
  readonly box: Xyxy;
  readonly score: number;
}

/**
 * For each box, best score first, the partner of highest IoU that nobody before it took, where that is `iou` or more
 * (COCO's rule, without classes). Entry i belongs to `boxes[i]`: its IoU, or 0 without a partner.
 */
export function matchBoxes(boxes: readonly ScoredBox[], others: readonly Xyxy[], iou: number): number[] {
  const matched = new Array<number>(boxes.length).fill(0);
  const taken = new Set<number>();
  const order = boxes.map((_, index) => index).sort((a, b) => boxes[b]!.score - boxes[a]!.score);
  for (const index of order) {
    let best = -1;
    let bestIou = iou;
    for (const [other, box] of others.entries()) {
      if (taken.has(other)) continue;
      const overlap = pairIou(boxes[index]!.box, 0, box, 0);
      if (overlap < bestIou || overlap === 0) continue;
      best = other;
      bestIou = overlap;
    }
    if (best < 0) continue;
    taken.add(best);
    matched[index] = bestIou;
  }
  return matched;
}
