export type { ImageLocation } from './image-location.ts';
export { decodeLabelFile, decodeRows, encodeLabelFile, encodeRows } from './file/label-file.ts';
export type { LabelFileRows } from './file/label-file-rows.ts';
export { recordOf, rowOf, type FailedImage, type LabelRecord } from './file/label-record.ts';
export {
  isFailed,
  type FailedRow,
  type LabeledRow,
  type LabelRow,
  type StoredLabel,
} from './file/label-row.ts';
export { readLabelFiles, readLabelRows } from './file/read-label-files.ts';
export { readLabels } from './set/read-labels.ts';
export type {
  LabelFileEntry,
  LabelSetHeader,
  LabelSetTotals,
  LabelSource,
  Teacher,
} from './set/label-set-format.ts';
export { readFacts, writeFacts, type LabelSetFacts } from './set/label-set-facts.ts';
export { openLabelSet, type LabelSet, type OpenLabelSetOptions } from './set/open-label-set.ts';
export { writeLabelFile, writeRows, type WriteLabelFileOptions } from './set/write-label-file.ts';
export { writeLabelSet, type WrittenLabelSet } from './set/write-label-set.ts';
export { isAbove } from './set/score-histogram.ts';
export type { LabelSetDraft } from './derive/draft.ts';
export { changeThreshold, labelsAboveEach } from './derive/change-threshold.ts';
export {
  chooseThreshold,
  type ChooseThresholdOptions,
  type ChosenThreshold,
} from './derive/choose-threshold.ts';
export { compareLabelSets, type LabelSetComparison } from './derive/compare-label-sets.ts';
export { openKnownLabels, type KnownLabels } from './derive/known-labels.ts';
export { mergeLabelSets, overlapRules, type OverlapRule } from './derive/merge-label-sets.ts';
export { removeTeacher } from './derive/remove-teacher.ts';
export {
  exportFormats,
  exportLabels,
  type ExportFormat,
  type ExportLabelsOptions,
} from './export/export-labels.ts';
export type { ExportPiece, ExportTotals } from './export/export-piece.ts';
export { writeExport } from './export/write-export.ts';
