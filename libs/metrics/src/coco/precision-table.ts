import type { EvaluationProtocol } from './evaluation-protocol.ts';
import { IGNORED_SHIFT, type MatchLog } from './match-log.ts';

/** COCO's accumulated results (pycocotools `accumulate`). -1 where a category has no ground truth in an area range. */
export interface PrecisionTable {
  readonly categories: number;
  /** Precision at the most detections per image: `precision[((t * recalls + r) * categories + k) * areas + a]`. */
  readonly precision: Float64Array;
  /** Score at which that precision is reached, same layout; 0 where the recall is never reached. */
  readonly score: Float64Array;
  /** Final recall: `recall[((t * categories + k) * areas + a) * maxDetections + m]`. */
  readonly recall: Float64Array;
  /** Ground truths that count: `wanted[k * areas + a]`. */
  readonly wanted: Float64Array;
}

/**
 * Pools the matches of all images into precision at fixed recalls.
 * @param order indices into `log` by falling score; equal scores in the order of images and ranks
 * @param wanted ground truths that count, `wanted[k * areas + a]`
 */
export function accumulate(
  protocol: EvaluationProtocol,
  log: MatchLog,
  order: Uint32Array,
  wanted: Float64Array,
): PrecisionTable {
  const areas = protocol.areaRanges.length;
  const categories = wanted.length / areas;
  const thresholds = protocol.iouThresholds.length;
  const recalls = protocol.recallGrid.length;
  const limits = protocol.maxDetections.length;
  const table: PrecisionTable = {
    categories,
    precision: new Float64Array(thresholds * recalls * categories * areas).fill(-1),
    score: new Float64Array(thresholds * recalls * categories * areas).fill(-1),
    recall: new Float64Array(thresholds * categories * areas * limits).fill(-1),
    wanted,
  };
  const grouped = groupByCategory(log, order, categories);
  const curves = protocol.iouThresholds.map(() => new Curve());
  for (let k = 0; k < categories; k++) {
    const members = grouped.members.subarray(grouped.starts[k], grouped.starts[k + 1]);
    for (let a = 0; a < areas; a++) {
      const total = wanted[k * areas + a]!;
      if (total === 0) continue;
      const hits = traceCurves(protocol, log, members, a, curves);
      curves.forEach((curve, t) => {
        for (let m = 0; m < limits; m++) {
          table.recall[((t * categories + k) * areas + a) * limits + m] = hits[t * limits + m]! / total;
        }
        writeCurve(
          table,
          protocol.recallGrid,
          curve,
          total,
          (t * recalls * categories + k) * areas + a,
          categories * areas,
        );
      });
    }
  }
  return table;
}

/** The true positives of one category, area range and threshold, best first: all that precision at a recall needs. */
class Curve {
  length = 0;
  /** Of the category's best detection, true or not; 0 where there is none. */
  topScore = 0;
  precision = new Float64Array(256);
  score = new Float64Array(256);

  add(precision: number, score: number): void {
    if (this.length === this.precision.length) {
      const precisions = new Float64Array(2 * this.length);
      const scores = new Float64Array(2 * this.length);
      precisions.set(this.precision);
      scores.set(this.score);
      this.precision = precisions;
      this.score = scores;
    }
    this.precision[this.length] = precision;
    this.score[this.length++] = score;
  }
}

/** Fills the curves of all thresholds in one pass; returns the true positives within each detection limit, `[t * limits + m]`. */
function traceCurves(
  { maxDetections }: EvaluationProtocol,
  log: MatchLog,
  members: Uint32Array,
  area: number,
  curves: readonly Curve[],
): Float64Array {
  const limits = maxDetections.length;
  const hits = new Float64Array(curves.length * limits);
  const passed = new Float64Array(curves.length); // ignored at this threshold, so neither true nor false
  const [best] = members;
  for (const curve of curves) {
    curve.length = 0;
    curve.topScore = best === undefined ? 0 : log.score[best]!;
  }
  for (let place = 0; place < members.length; place++) {
    const entry = members[place]!;
    const outcome = log.outcome[entry * log.areaRanges + area]!;
    if (outcome === 0) continue; // a false positive at every threshold; `place` counts it
    const rank = log.rank[entry]!;
    for (let t = 0; t < curves.length; t++) {
      if ((outcome >>> (IGNORED_SHIFT + t)) & 1) {
        passed[t]!++;
      } else if ((outcome >>> t) & 1) {
        const curve = curves[t]!;
        // numpy's spacing(1) stands in the denominator of pycocotools too.
        curve.add((curve.length + 1) / (place + 1 - passed[t]! + Number.EPSILON), log.score[entry]!);
        for (let m = limits - 1; m >= 0 && rank < maxDetections[m]!; m--) hits[t * limits + m]!++;
      }
    }
  }
  return hits;
}

/** Best precision at each recall of the grid or beyond it. */
function writeCurve(
  table: PrecisionTable,
  grid: readonly number[],
  curve: Curve,
  total: number,
  offset: number,
  stride: number,
): void {
  const { precision, score, length, topScore } = curve;
  for (let i = length - 1; i > 0; i--)
    if (precision[i]! > precision[i - 1]!) precision[i - 1] = precision[i]!;
  let i = 0;
  for (let r = 0; r < grid.length; r++) {
    while (i < length && (i + 1) / total < grid[r]!) i++;
    table.precision[offset + r * stride] = i < length ? precision[i]! : 0;
    // Recall 0 is reached by the first detection, true or not.
    table.score[offset + r * stride] = grid[r] === 0 ? topScore : i < length ? score[i]! : 0;
  }
}

function groupByCategory(
  log: MatchLog,
  order: Uint32Array,
  categories: number,
): { members: Uint32Array; starts: Uint32Array } {
  const starts = new Uint32Array(categories + 1);
  for (const entry of order) starts[log.category[entry]! + 1]!++;
  for (let k = 0; k < categories; k++) starts[k + 1]! += starts[k]!;
  const members = new Uint32Array(order.length);
  const next = starts.slice();
  for (const entry of order) members[next[log.category[entry]!]!++] = entry;
  return { members, starts };
}
