import { rleStringArea } from '@cassl/vision';
import { isFailed, type LabeledRow, type LabelRow, type StoredLabel } from '../file/label-row.ts';
import { isAbove } from '../set/score-histogram.ts';
import { cocoFormat } from './coco-format.ts';
import { cvatFormat } from './cvat-format.ts';
import type { Exporter, ExportImage, ExportPiece, ExportTotals } from './export-piece.ts';
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
 * label and images that failed are left out. The rows are read once. The generator's return value counts what was written.
 */
export async function* exportLabels(
  rows: AsyncIterable<LabelRow>,
  { format, threshold = 0, className = 'object' }: ExportLabelsOptions,
): AsyncGenerator<ExportPiece, ExportTotals> {
  const totals = { images: 0, labels: 0, leftOut: 0 };
  async function* images(): AsyncGenerator<ExportImage> {
    for await (const row of rows) {
      if (isFailed(row)) continue;
      const above = row.instances.filter(({ score }) => isAbove(score, threshold));
      const allAreas = above.map((label) => areaOf(label, row));
      const instances = above.filter((_, index) => (allAreas[index] ?? 0) > 0);
      totals.leftOut += above.length - instances.length;
      if (instances.length === 0) continue;
      totals.images++;
      totals.labels += instances.length;
      yield { ...row, instances, areas: allAreas.filter((area) => area > 0) };
    }
  }
  yield* exporters[format]({ images: images(), className });
  return totals;
}

/** 0 where the box or the mask has none. */
function areaOf({ bbox, rle }: StoredLabel, { width, height }: LabeledRow): number {
  if (!(bbox[2] > 0 && bbox[3] > 0)) return 0;
  return rle === undefined ? bbox[2] * bbox[3] : rleStringArea(rle, height, width);
}
