import type { CocoId } from '@cassl/coco';
import type { EvaluationProtocol, EvaluationType } from './evaluation-protocol.ts';
import type { PrecisionTable } from './precision-table.ts';

/** COCO's 12 numbers in its own order, in [0, 1]; null where COCO prints -1: nothing to find. */
export interface BoxNumbers {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly APs: number | null;
  readonly APm: number | null;
  readonly APl: number | null;
  readonly AR1: number | null;
  readonly AR10: number | null;
  readonly AR100: number | null;
  readonly ARs: number | null;
  readonly ARm: number | null;
  readonly ARl: number | null;
}

/** The 10 numbers of a keypoint evaluation. */
export interface KeypointNumbers {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly APm: number | null;
  readonly APl: number | null;
  readonly AR: number | null;
  readonly AR50: number | null;
  readonly AR75: number | null;
  readonly ARm: number | null;
  readonly ARl: number | null;
}

export type CocoNumbers = BoxNumbers | KeypointNumbers;
export type CategoryNumbers<N extends CocoNumbers = CocoNumbers> = N & {
  readonly id: CocoId;
  readonly name: string;
};

/** What one number averages over: AP is precision over thresholds, recalls and categories; AR is final recall. */
interface Statistic {
  readonly key: string;
  readonly kind: 'precision' | 'recall';
  readonly threshold?: number;
  readonly area?: 'small' | 'medium' | 'large';
  /** Index into the protocol's `maxDetections`; the last by default. */
  readonly limit?: number;
}

const BOX_STATISTICS: readonly Statistic[] = [
  { key: 'AP', kind: 'precision' },
  { key: 'AP50', kind: 'precision', threshold: 0.5 },
  { key: 'AP75', kind: 'precision', threshold: 0.75 },
  { key: 'APs', kind: 'precision', area: 'small' },
  { key: 'APm', kind: 'precision', area: 'medium' },
  { key: 'APl', kind: 'precision', area: 'large' },
  { key: 'AR1', kind: 'recall', limit: 0 },
  { key: 'AR10', kind: 'recall', limit: 1 },
  { key: 'AR100', kind: 'recall' },
  { key: 'ARs', kind: 'recall', area: 'small' },
  { key: 'ARm', kind: 'recall', area: 'medium' },
  { key: 'ARl', kind: 'recall', area: 'large' },
];

const KEYPOINT_STATISTICS: readonly Statistic[] = [
  { key: 'AP', kind: 'precision' },
  { key: 'AP50', kind: 'precision', threshold: 0.5 },
  { key: 'AP75', kind: 'precision', threshold: 0.75 },
  { key: 'APm', kind: 'precision', area: 'medium' },
  { key: 'APl', kind: 'precision', area: 'large' },
  { key: 'AR', kind: 'recall' },
  { key: 'AR50', kind: 'recall', threshold: 0.5 },
  { key: 'AR75', kind: 'recall', threshold: 0.75 },
  { key: 'ARm', kind: 'recall', area: 'medium' },
  { key: 'ARl', kind: 'recall', area: 'large' },
];

/** The summary numbers over all categories, or over those of `only`. */
export function summarizeTable(
  type: EvaluationType,
  protocol: EvaluationProtocol,
  table: PrecisionTable,
  only?: number,
): CocoNumbers {
  const statistics = type === 'keypoints' ? KEYPOINT_STATISTICS : BOX_STATISTICS;
  const entries = statistics.map((statistic) => [statistic.key, average(statistic, protocol, table, only)]);
  return Object.fromEntries(entries) as CocoNumbers;
}

function average(
  { kind, threshold, area = undefined, limit }: Statistic,
  protocol: EvaluationProtocol,
  table: PrecisionTable,
  only: number | undefined,
): number | null {
  const areas = protocol.areaRanges.length;
  const limits = protocol.maxDetections.length;
  const a = protocol.areaRanges.findIndex(({ name }) => name === (area ?? 'all'));
  const m = limit ?? limits - 1;
  const recalls = kind === 'precision' ? protocol.recallGrid.length : 1;
  let sum = 0;
  let count = 0;
  for (let t = 0; t < protocol.iouThresholds.length; t++) {
    if (threshold !== undefined && protocol.iouThresholds[t] !== threshold) continue;
    for (let r = 0; r < recalls; r++) {
      for (let k = only ?? 0; k < (only === undefined ? table.categories : only + 1); k++) {
        const value =
          kind === 'precision'
            ? table.precision[((t * recalls + r) * table.categories + k) * areas + a]!
            : table.recall[((t * table.categories + k) * areas + a) * limits + m]!;
        if (value <= -1) continue;
        sum += value;
        count++;
      }
    }
  }
  return count === 0 ? null : sum / count;
}
