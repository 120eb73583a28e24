import { invalidArgument } from '@cassl/errors';
import type {
  InferParameter,
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
} from '@cassl/proto/inference';
import { answerParameters } from './answer-parameters.ts';
import { VERSION, type BatchRequest } from './ask-images.ts';
import { refuseParameters } from './refuse-parameters.ts';
import type { ParameterValue } from './read-parameters.ts';
import { toRawBytes, type TensorContent } from './tensors.ts';
import { writeOutputs, type Outcome } from './write-outputs.ts';

/** @throws INVALID_ARGUMENT naming the field where the message contradicts itself */
export function fromMessage(message: ModelInferRequest): BatchRequest {
  const { inputs, outputs, rawInputContents: raws, modelName, modelVersion, id } = message;
  if (raws.length > 0 && raws.length !== inputs.length)
    throw invalidArgument(
      `raw_input_contents must be as many as inputs, ${inputs.length}; got ${raws.length}`,
    );
  for (const { name, parameters } of [...inputs, ...outputs]) refuseParameters(name, Object.keys(parameters));
  return {
    model: modelName,
    version: modelVersion,
    id,
    parameters: new Map(Object.entries(message.parameters).map(([name, value]) => [name, read(name, value)])),
    inputs: inputs.map(({ name, datatype, shape, contents }, index) => {
      const raw = raws[index];
      if (raw !== undefined && contents !== undefined && !isEmpty(contents))
        throw invalidArgument(`${name}: contents and raw_input_contents exclude each other`);
      const content: TensorContent = raw === undefined ? typed(contents) : { kind: 'raw', bytes: raw };
      return { name, datatype, shape, content };
    }),
    outputs: outputs.map(({ name }) => name),
  };
}

/** The answer to `request`, with what it wants of the outputs. */
export function toMessage(
  request: Pick<BatchRequest, 'model' | 'id'>,
  outcomes: readonly Outcome[],
  names: readonly string[],
): ModelInferResponse {
  const tensors = writeOutputs(outcomes, names);
  return {
    modelName: request.model,
    modelVersion: VERSION,
    id: request.id,
    parameters: toParameters(answerParameters(outcomes)),
    outputs: tensors.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: [...shape],
      parameters: {},
      contents: undefined,
    })),
    rawOutputContents: tensors.map(toRawBytes),
  };
}

export function toParameters(
  values: Readonly<Record<string, ParameterValue>>,
): Record<string, InferParameter> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toParameter(value)]));
}

/** Only the three kinds that every client knows. */
function toParameter(value: ParameterValue): InferParameter {
  if (typeof value === 'boolean') return { parameterChoice: { $case: 'boolParam', value } };
  if (typeof value === 'string') return { parameterChoice: { $case: 'stringParam', value } };
  return { parameterChoice: { $case: 'int64Param', value: String(value) } };
}

function read(name: string, { parameterChoice }: InferParameter): ParameterValue {
  if (parameterChoice === undefined) throw invalidArgument(`parameters.${name.slice(0, 100)} has no value`);
  const { $case, value } = parameterChoice;
  return $case === 'int64Param' || $case === 'uint64Param' ? Number(value) : value;
}

function typed(contents: InferTensorContents | undefined): TensorContent {
  if (contents === undefined) return { kind: 'elements', elements: [] };
  if (contents.uintContents.length > 0) return { kind: 'numbers', numbers: contents.uintContents };
  return { kind: 'elements', elements: contents.bytesContents };
}

function isEmpty(contents: InferTensorContents): boolean {
  return Object.values(contents).every((values: readonly unknown[]) => values.length === 0);
}
