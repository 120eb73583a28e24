export {
  createCocoEvaluator,
  type CocoEvaluator,
  type CocoEvaluatorOptions,
  type CocoSummary,
  type EvaluatedCategory,
} from './coco/coco-evaluator.ts';
export type { EvaluatedDetection, EvaluatedImage, EvaluatedInstance } from './coco/evaluated-image.ts';
export type { BoxNumbers, CategoryNumbers, CocoNumbers, KeypointNumbers } from './coco/coco-summary.ts';
export {
  cocoProtocol,
  type AreaRange,
  type EvaluationProtocol,
  type EvaluationType,
} from './coco/evaluation-protocol.ts';
export type { PrecisionTable } from './coco/precision-table.ts';
export { COCO_KEYPOINT_SIGMAS } from './coco/keypoint-overlaps.ts';
export {
  evaluateCocoFiles,
  type CocoFilesEvaluation,
  type EvaluateCocoFilesOptions,
  type EvaluationTimings,
} from './files/evaluate-coco-files.ts';
export {
  createEntityEvaluator,
  evaluateEntities,
  type EntityEvaluator,
  type EntityEvaluatorOptions,
  type EntityImage,
  type EntitySummary,
} from './entities/entity-evaluator.ts';
export {
  evaluateEntityFiles,
  type EntityFilesEvaluation,
  type EvaluateEntityFilesOptions,
} from './entities/evaluate-entity-files.ts';
export {
  createPanopticEvaluator,
  evaluatePanoptic,
  type PanopticCategory,
  type PanopticCategoryNumbers,
  type PanopticEvaluator,
  type PanopticImage,
  type PanopticNumbers,
  type PanopticSegment,
  type PanopticSide,
  type PanopticSummary,
} from './panoptic/panoptic-quality.ts';
export { mergeDetections, panopticTruth, type MergeDetectionsOptions } from './panoptic/merge-detections.ts';
export {
  evaluatePanopticFiles,
  type EvaluatePanopticFilesOptions,
} from './panoptic/evaluate-panoptic-files.ts';
export {
  createPseudoLabelScorer,
  scorePseudoLabels,
  DEFAULT_LABEL_THRESHOLDS,
  type LabelQuality,
  type LabelQualitySweep,
  type PseudoLabelScorer,
  type PseudoLabelScorerOptions,
} from './pseudo-labels/score-pseudo-labels.ts';
export { createScoreHistogram, type ScoreHistogram } from './pseudo-labels/score-threshold.ts';
export { createErrorCounter, type ErrorBreakdown, type ErrorCounter } from './errors/error-breakdown.ts';
export { precisionRecallCurves, precisionRecallPlot, type Curve } from './plots/precision-recall-plot.ts';
export { errorPlot } from './plots/error-plot.ts';
export { labelQualityPlot } from './plots/label-quality-plot.ts';
export { summaryPlots, type NamedPlot } from './plots/summary-plots.ts';
export { evaluationReport, type EvaluationReport, type ReportTable } from './plots/evaluation-report.ts';
