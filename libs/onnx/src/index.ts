export {
  DEFAULT_OPSET,
  ONNX_OUTPUTS,
  planOnnx,
  type OnnxOptions,
  type OnnxOutputs,
  type OnnxPlan,
} from './plan-onnx.ts';
export { OPSETS } from './graph/model-pieces.ts';
export type { Port } from './graph/value-info.ts';
export { writeOnnx } from './write-onnx.ts';
