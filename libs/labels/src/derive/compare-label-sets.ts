import { toXyxy } from '@cassl/vision';
import { isFailed, type LabelRow } from '../file/label-row.ts';
import type { LabelSet } from '../set/open-label-set.ts';
import { openLabelLookup } from './label-lookup.ts';
import { matchBoxes, type ScoredBox } from './match-boxes.ts';

export interface LabelSetComparison {
  /** Images in both, and those of one alone. */
  readonly shared: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Shared images with the same labels to the byte. */
  readonly identical: number;
  /** Labels of the shared images. */
  readonly firstLabels: number;
  readonly secondLabels: number;
  /** Pairs of labels with an IoU of at least the bound, one to one. */
  readonly matched: number;
  /** Over the pairs; 0 without any. */
  readonly meanIou: number;
}

const ROWS_AT_ONCE = 256;

/** How far two label sets agree, image by image, by the boxes of their labels above each set's threshold. */
export async function compareLabelSets(
  first: LabelSet,
  second: LabelSet,
  { iou = 0.5 }: { readonly iou?: number | undefined } = {},
): Promise<LabelSetComparison> {
  const lookup = await openLabelLookup(first);
  const counts = { shared: 0, identical: 0, firstLabels: 0, secondLabels: 0, matched: 0 };
  let iouSum = 0;
  const compareRows = async (rows: readonly LabelRow[]): Promise<void> => {
    const partners = await lookup.among(rows.map(({ key }) => key));
    for (const row of rows) {
      const partner = partners.get(row.key);
      if (partner === undefined) continue;
      const [a, b] = [boxesOf(partner), boxesOf(row)];
      const others = a.map(({ box }) => box);
      const ious = matchBoxes(b, others, iou).filter((value) => value > 0);
      counts.shared++;
      if (labelsOf(partner) === labelsOf(row)) counts.identical++;
      counts.firstLabels += a.length;
      counts.secondLabels += b.length;
      counts.matched += ious.length;
      iouSum += ious.reduce((total, value) => total + value, 0);
    }
  };
  let rows: LabelRow[] = [];
  for await (const row of second.rows()) {
    if (rows.push(row) < ROWS_AT_ONCE) continue;
    await compareRows(rows);
    rows = [];
  }
  await compareRows(rows);
  return {
    ...counts,
    onlyFirst: first.totals.images - counts.shared,
    onlySecond: second.totals.images - counts.shared,
    meanIou: counts.matched === 0 ? 0 : iouSum / counts.matched,
  };
}

function labelsOf(row: LabelRow): string {
  return JSON.stringify(isFailed(row) ? row.failure : row.instances);
}

function boxesOf(row: LabelRow): ScoredBox[] {
  return isFailed(row) ? [] : row.instances.map(({ bbox, score }) => ({ box: toXyxy(bbox), score }));
}
