export {
  createCocoEvaluator,
  type CocoEvaluator,
  type CocoEvaluatorOptions,
  type CocoSummary,
  type EvaluatedCategory,
  type EvaluatedDetection,
  type EvaluatedImage,
  type EvaluatedInstance,
} from './coco/coco-evaluator.ts';
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
} from './files/evaluate-coco-files.ts';
