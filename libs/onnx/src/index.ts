export { DEFAULT_OPSET, planOnnx, type OnnxOptions, type OnnxPlan } from './plan-onnx.ts';
export { OPSETS } from './graph/model-pieces.ts';
export type { Port } from './graph/value-info.ts';
export { writeOnnx } from './write-onnx.ts';
