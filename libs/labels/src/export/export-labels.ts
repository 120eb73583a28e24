import { rleArea, rleFromString } from '@cassl/vision';
import { isFailed, type LabeledRow, type LabelRow, type StoredLabel } from '../file/label-row.ts';
import { isAbove } from '../set/score-histogram.ts';
import { cocoFormat } from './coco-format.ts';
import { cvatFormat } from './cvat-format.ts';
import type { Exporter, ExportPiece, ExportTotals } from './export-piece.ts';
import { fiftyoneFormat } from './fiftyone-format.ts';
import { labelStudioFormat } from './label-studio-format.ts';
import { yoloFormat } from './yolo-format.ts';

const exporters = {
  coco: cocoFormat,
  yolo: yoloFormat,
  'label-studio': labelStudioFormat,
  cvat: cvatFormat,
  fiftyone: fiftyoneFormat,
} satisfies Record<string, Exporter>;

export type ExportFormat = keyof typeof exporters;
export const exportFormats = Object.keys(exporters) as readonly ExportFormat[];

export interface ExportLabelsOptions {
  readonly format: ExportFormat;
  /** Keep scores strictly above. @default 0 */
  readonly threshold?: number | undefined;
  /** @default 'object' */
  readonly className?: string | undefined;
}

/**
 * Pseudo labels for another tool, as a stream of pieces in constant memory (YOLO: one name an image). Images that keep no
 * label and images that failed are left out. The generator's return value counts what was written.
 * @param rows reads the rows from the start, more than once where a format needs it
 */
export async function* exportLabels(
  rows: () => AsyncIterable<LabelRow>,
  { format, threshold = 0, className = 'object' }: ExportLabelsOptions,
): AsyncGenerator<ExportPiece, ExportTotals> {
  let totals = { images: 0, labels: 0, leftOut: 0 };
  async function* images(): AsyncGenerator<LabeledRow> {
    const count = { images: 0, labels: 0, leftOut: 0 };
    for await (const row of rows()) {
      if (isFailed(row)) continue;
      const above = row.instances.filter(({ score }) => isAbove(score, threshold));
      const instances = above.filter((label) => hasArea(label, row));
      count.leftOut += above.length - instances.length;
      if (instances.length === 0) continue;
      count.images++;
      count.labels += instances.length;
      yield { ...row, instances };
    }
    totals = count;
  }
  yield* exporters[format]({ images, className });
  return totals;
}

function hasArea({ bbox, rle }: StoredLabel, { width, height }: LabeledRow): boolean {
  if (!(bbox[2] > 0 && bbox[3] > 0)) return false;
  return rle === undefined || rleArea(rleFromString(rle, height, width)) > 0;
}
