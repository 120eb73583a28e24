import { GRPCInferenceServiceDefinition, type ModelInferResponse } from '@cassl/proto/inference';
import { createClient } from '@cassl/rpc';
import { fromRaw, tensorOf, toRaw, unreadable } from './tensor-bytes.ts';
import type { Tensor, TensorModel, TensorSpec, TensorValues } from './tensor-model.ts';

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

function readOutputs({ outputs, rawOutputContents }: ModelInferResponse): ReadonlyMap<string, Tensor> {
  return new Map(
    outputs.map((output, index) => {
      const { name, datatype, contents } = output;
      const raw = rawOutputContents[index];
      const values =
        raw === undefined ? typedContents(name, datatype, contents) : fromRaw(name, datatype, raw);
      return [name, tensorOf(name, output, values)];
    }),
  );
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
      throw unreadable(name, datatype);
  }
}
