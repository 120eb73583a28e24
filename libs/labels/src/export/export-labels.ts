import { isFailed, type LabeledRow, type LabelRow } from '../file/label-row.ts';
import { isAbove } from '../set/score-histogram.ts';
import { cocoFormat } from './coco-format.ts';
import { cvatFormat } from './cvat-format.ts';
import type { Exporter, ExportPiece, ExportTotals } from './export-piece.ts';
import { fiftyoneFormat } from './fiftyone-format.ts';
import { hasArea } from './label-area.ts';
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
 * label and images that failed are left out. The rows are read once. The generator's return value counts what was written.
 */
export async function* exportLabels(
  rows: AsyncIterable<LabelRow>,
  { format, threshold = 0, className = 'object' }: ExportLabelsOptions,
): AsyncGenerator<ExportPiece, ExportTotals> {
  const totals = { images: 0, labels: 0, leftOut: 0 };
  async function* images(): AsyncGenerator<LabeledRow> {
    for await (const row of rows) {
      if (isFailed(row)) continue;
      const above = row.instances.filter(({ score }) => isAbove(score, threshold));
      const instances = above.filter((label) => hasArea(label, row));
      totals.leftOut += above.length - instances.length;
      if (instances.length === 0) continue;
      totals.images++;
      totals.labels += instances.length;
      yield { ...row, instances };
    }
  }
  yield* exporters[format]({ images: images(), className });
  return totals;
}
