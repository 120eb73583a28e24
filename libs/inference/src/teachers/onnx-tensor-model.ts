import { errorMessage, failedPrecondition } from '@cassl/errors';
import type * as Ort from 'onnxruntime-node';
import { describeOnnx, onnxThreads, sessionOptions } from '../models/onnx/session-options.ts';
import type { Tensor, TensorModel, TensorSpec } from './tensor-model.ts';

const DATATYPES: Readonly<Record<string, string>> = {
  float32: 'FP32',
  uint8: 'UINT8',
  int32: 'INT32',
  int64: 'INT64',
};
const TYPES: Readonly<Record<string, Ort.Tensor.Type>> = { FP32: 'float32', UINT8: 'uint8' };

/** An ONNX graph in onnxruntime. @throws FAILED_PRECONDITION where the file is none, or of operators that onnxruntime lacks */
export async function openOnnxTensorModel(file: Uint8Array): Promise<TensorModel> {
  const { InferenceSession, Tensor: OrtTensor } = await import('onnxruntime-node');
  const threads = onnxThreads();
  const session = await InferenceSession.create(file, sessionOptions(threads)).catch((cause: unknown) => {
    throw failedPrecondition(`the teacher's ONNX file cannot be loaded: ${errorMessage(cause)}`, { cause });
  });
  return {
    inputs: session.inputMetadata.map(specOf),
    outputs: session.outputMetadata.map(specOf),
    engine: describeOnnx(threads),
    async run({ name, tensor: { datatype, shape, values } }, outputs) {
      const type = TYPES[datatype] ?? 'float32';
      const feeds = { [name]: new OrtTensor(type, values as Float32Array, shape) };
      const found = await session.run(feeds, [...outputs]).catch((cause: unknown) => {
        throw failedPrecondition(`the teacher's ONNX graph failed: ${errorMessage(cause)}`, { cause });
      });
      return new Map(outputs.map((output) => [output, tensorOf(found[output] as Ort.Tensor)]));
    },
    close: () => void session.release(),
  };
}

function specOf(metadata: Ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) {
    throw failedPrecondition(`the teacher's ${metadata.name} is no tensor; sequences and maps are not read`);
  }
  const shape = metadata.shape.map((size) => (typeof size === 'number' && size > 0 ? size : -1));
  return { name: metadata.name, datatype: DATATYPES[metadata.type] ?? metadata.type, shape };
}

function tensorOf({ type, dims, data }: Ort.Tensor): Tensor {
  return { datatype: DATATYPES[type] ?? type, shape: dims, values: data as Float32Array };
}
