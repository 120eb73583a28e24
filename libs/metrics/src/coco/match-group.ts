import { CROWD, ID_ZERO, IGNORE } from './image-columns.ts';
import type { AreaRange, EvaluationProtocol } from './evaluation-protocol.ts';
import { IGNORED_SHIFT } from './match-log.ts';

/** The detections and ground truths of one image and category; detections best first. */
export interface MatchGroup {
  readonly dtCount: number;
  readonly gtCount: number;
  /** `overlaps[d * gtCount + g]` */
  readonly overlaps: Float64Array;
  readonly dtAreas: Float64Array;
  readonly gtAreas: Float64Array;
  readonly gtFlags: Uint8Array;
}

/** Greedy matching of COCO's evaluation (pycocotools `evaluateImg`) with scratch space that is reused for every group. */
export interface GroupMatcher {
  /**
   * Writes the outcome word of detection d and area range a to `outcome[(first + d) * areaRanges + a]`, see `MatchLog`,
   * and adds the ground truths that count in range a to `wanted[a]`.
   */
  match(group: MatchGroup, outcome: Uint32Array, first: number, wanted: Float64Array): void;
}

export function createGroupMatcher(protocol: EvaluationProtocol): GroupMatcher {
  const { areaRanges } = protocol;
  // A perfect overlap must pass even a threshold of 1.
  const thresholds = Float64Array.from(protocol.iouThresholds, (threshold) => Math.min(threshold, 1 - 1e-10));
  const allIgnored = ((1 << thresholds.length) - 1) << IGNORED_SHIFT;
  let order = new Int32Array(16);
  let ignored = new Uint8Array(16);
  let taken = new Uint8Array(16);

  /** Ground truths that count first, ignored ones last, each in their own order; returns how many count. */
  function orderGroundTruths({ gtCount, gtAreas, gtFlags }: MatchGroup, range: AreaRange): number {
    let counting = 0;
    for (let g = 0; g < gtCount; g++) {
      const outside = gtAreas[g]! < range.min || gtAreas[g]! > range.max;
      ignored[g] = outside || (gtFlags[g]! & IGNORE) !== 0 ? 1 : 0;
      if (ignored[g] === 0) order[counting++] = g;
    }
    let next = counting;
    for (let g = 0; g < gtCount; g++) if (ignored[g] === 1) order[next++] = g;
    return counting;
  }

  /** The ground truth that detection d takes at a threshold, or -1. Of equal overlaps the later one wins. */
  function bestMatch(group: MatchGroup, d: number, threshold: number): number {
    const { gtCount, overlaps, gtFlags } = group;
    let best = threshold;
    let match = -1;
    for (let place = 0; place < gtCount; place++) {
      const g = order[place]!;
      if (taken[g] === 1 && (gtFlags[g]! & CROWD) === 0) continue;
      // One that counts is never given up for one that is ignored.
      if (match >= 0 && ignored[match] === 0 && ignored[g] === 1) break;
      const overlap = overlaps[d * gtCount + g]!;
      if (overlap < best) continue;
      best = overlap;
      match = g;
    }
    return match;
  }

  return {
    match(group, outcome, first, wanted) {
      const { dtCount, gtCount, overlaps, dtAreas, gtFlags } = group;
      if (gtCount > order.length) {
        order = new Int32Array(2 * gtCount);
        ignored = new Uint8Array(2 * gtCount);
        taken = new Uint8Array(2 * gtCount);
      }
      const best = bestOverlap(overlaps, dtCount * gtCount);
      areaRanges.forEach((range, a) => {
        wanted[a]! += orderGroundTruths(group, range);
        for (let t = 0; t < thresholds.length && best >= thresholds[t]!; t++) {
          taken.fill(0, 0, gtCount);
          for (let d = 0; d < dtCount; d++) {
            const match = bestMatch(group, d, thresholds[t]!);
            if (match < 0) continue;
            taken[match] = 1;
            const matched = (gtFlags[match]! & ID_ZERO) === 0 ? 1 << t : 0;
            outcome[(first + d) * areaRanges.length + a]! |=
              matched | (ignored[match]! << (IGNORED_SHIFT + t));
          }
        }
        for (let d = 0; d < dtCount; d++) {
          if (dtAreas[d]! >= range.min && dtAreas[d]! <= range.max) continue;
          // Outside the range a detection is ignored at every threshold where it has no match.
          const at = (first + d) * areaRanges.length + a;
          outcome[at]! |= allIgnored & ~(outcome[at]! << IGNORED_SHIFT);
        }
      });
    },
  };
}

function bestOverlap(overlaps: Float64Array, count: number): number {
  let best = 0;
  for (let i = 0; i < count; i++) if (overlaps[i]! > best) best = overlaps[i]!;
  return best;
}
