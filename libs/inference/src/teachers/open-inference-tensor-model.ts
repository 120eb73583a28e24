import { failedPrecondition } from '@cassl/errors';
import { GRPCInferenceServiceDefinition, type ModelInferResponse } from '@cassl/proto/inference';
import { createClient } from '@cassl/rpc';
import { joinElements, splitElements } from './bytes-elements.ts';
import {
  elementCount,
  type Tensor,
  type TensorModel,
  type TensorSpec,
  type TensorValues,
} from './tensor-model.ts';

export interface OpenInferenceAddress {
  /** `host:port` of its gRPC port. */
  readonly address: string;
  readonly model: string;
  /** Empty for the server's choice. */
  readonly version: string;
}

const ASK_FIRST_MS = 30_000;
/** A batch on a slow model. */
const INFER_MS = 300_000;

/**
 * A model behind the Open Inference Protocol, over gRPC.
 * @throws NOT_FOUND for a model that the server does not have; UNAVAILABLE, DEADLINE_EXCEEDED where the server is away
 */
export async function openOpenInferenceTensorModel(where: OpenInferenceAddress): Promise<TensorModel> {
  const { address, model, version } = where;
  const client = createClient(GRPCInferenceServiceDefinition, address);
  try {
    const { inputs, outputs, platform } = await client.modelMetadata(
      { name: model, version },
      { deadlineMs: ASK_FIRST_MS },
    );
    return {
      inputs: inputs.map(specOf),
      outputs: outputs.map(specOf),
      engine: `${platform} at ${address}`,
      async run({ name, tensor }, wanted) {
        const response = await client.modelInfer(
          {
            modelName: model,
            modelVersion: version,
            id: '',
            parameters: {},
            inputs: [
              {
                name,
                datatype: tensor.datatype,
                shape: tensor.shape.map(String),
                parameters: {},
                contents: undefined,
              },
            ],
            outputs: wanted.map((output) => ({ name: output, parameters: {} })),
            rawInputContents: [toRaw(tensor.values)],
          },
          { deadlineMs: INFER_MS },
        );
        return readOutputs(response);
      },
      close: () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

function specOf(spec: { name: string; datatype: string; shape: readonly unknown[] }): TensorSpec {
  return { name: spec.name, datatype: spec.datatype, shape: spec.shape.map(Number) };
}

function toRaw(values: TensorValues): Buffer {
  if (Array.isArray(values)) return joinElements(values as readonly Uint8Array[]);
  const { buffer, byteOffset, byteLength } = values as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

function readOutputs({ outputs, rawOutputContents }: ModelInferResponse): ReadonlyMap<string, Tensor> {
  return new Map(
    outputs.map(({ name, datatype, shape: given, contents }, index) => {
      const shape = given.map(Number);
      const raw = rawOutputContents[index];
      const values =
        raw === undefined ? typedContents(name, datatype, contents) : fromRaw(name, datatype, raw);
      if (values.length !== elementCount(shape)) {
        throw failedPrecondition(
          `the teacher's output ${name} of shape [${shape.join(', ')}] came with ${values.length} values`,
        );
      }
      return [name, { datatype, shape, values }];
    }),
  );
}

function fromRaw(name: string, datatype: string, raw: Uint8Array): TensorValues {
  // A copy: the message's bytes start anywhere, numbers at multiples of their size.
  const { buffer } = new Uint8Array(raw);
  switch (datatype) {
    case 'FP32':
      return new Float32Array(buffer);
    case 'UINT8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'INT32':
      return new Int32Array(buffer);
    case 'INT64':
      return new BigInt64Array(buffer);
    case 'BYTES':
      return splitElements(`the teacher's output ${name}`, raw);
    default:
      throw failedPrecondition(`the teacher's output ${name} is ${datatype}, which is not read`);
  }
}

function typedContents(
  name: string,
  datatype: string,
  contents: ModelInferResponse['outputs'][number]['contents'],
): TensorValues {
  switch (datatype) {
    case 'FP32':
      return Float32Array.from(contents?.fp32Contents ?? []);
    case 'INT32':
      return Int32Array.from(contents?.intContents ?? []);
    case 'INT64':
      return BigInt64Array.from((contents?.int64Contents ?? []).map((value) => BigInt(value)));
    case 'UINT8':
      return Uint8Array.from(contents?.uintContents ?? []);
    case 'BYTES':
      return contents?.bytesContents ?? [];
    default:
      throw failedPrecondition(`the teacher's output ${name} is ${datatype}, which is not read`);
  }
}
