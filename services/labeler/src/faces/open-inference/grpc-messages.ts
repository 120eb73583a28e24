import { invalidArgument } from '@cassl/errors';
import type {
  InferParameter,
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
} from '@cassl/proto/inference';
import { MAX_MESSAGE_BYTES } from '@cassl/rpc';
import { answerParameters } from './answer-parameters.ts';
import { VERSION, type BatchRequest } from './ask-images.ts';
import type { ParameterValue } from './read-parameters.ts';
import { parametersOf, type RegionPlace, type SharedRegions } from './shared-memory/regions.ts';
import { toRawBytes, type TensorContent } from './tensors.ts';
import type { Outcome, OutputWriter } from './views/model-view.ts';
import { readWantedOutput } from './views/read-wanted-output.ts';

const NO_BYTES = Buffer.alloc(0);
/** Names, shapes and parameters of an answer. */
const MOST_BESIDE_BYTES = 2 ** 16;

/** @throws INVALID_ARGUMENT naming the field where the message contradicts itself */
export function fromMessage(message: ModelInferRequest, regions: SharedRegions): BatchRequest {
  const { inputs, outputs, rawInputContents: raws, modelName, modelVersion, id } = message;
  const places = inputs.map((tensor) => placeOf(tensor, regions));
  const sent = places.filter((place) => place === undefined).length;
  if (raws.length > 0 && raws.length !== sent)
    throw invalidArgument(
      `raw_input_contents must be as many as the inputs that are not in shared memory, ${sent}; got ${raws.length}`,
    );
  const queue = [...raws];
  return {
    model: modelName,
    version: modelVersion,
    id,
    parameters: readAll(message.parameters),
    inputs: inputs.map(({ name, datatype, shape, contents }, index) => {
      const place = places[index];
      const raw = place === undefined ? queue.shift() : place.read();
      if (raw !== undefined && contents !== undefined && !isEmpty(contents))
        throw invalidArgument(`${name}: contents and raw_input_contents exclude each other`);
      const content: TensorContent = raw === undefined ? typed(name, contents) : { kind: 'raw', bytes: raw };
      return { name, datatype, shape, content };
    }),
    outputs: outputs.map(({ name, parameters }) => readWantedOutput(name, readAll(parameters))),
    places: new Map(
      outputs.flatMap((tensor) => {
        const place = placeOf(tensor, regions);
        return place === undefined ? [] : [[tensor.name, place]];
      }),
    ),
  };
}

function placeOf(
  { name, parameters }: { readonly name: string; readonly parameters: Record<string, InferParameter> },
  regions: SharedRegions,
): RegionPlace | undefined {
  return regions.placeOf(name, readAll(parameters));
}

function readAll(parameters: Record<string, InferParameter>): Map<string, ParameterValue> {
  return new Map(Object.entries(parameters).map(([name, value]) => [name, read(name, value)]));
}

/** No later try would fit either, so that it is not RESOURCE_EXHAUSTED, which clients take for a full service. */
function checkSize(bytes: number): void {
  if (bytes > MAX_MESSAGE_BYTES - MOST_BESIDE_BYTES)
    throw invalidArgument(
      `outputs: the answer has ${bytes} bytes, the limit of a message is ${MAX_MESSAGE_BYTES}: ask for fewer images at a time, a smaller max_detections, or outputs without masks`,
    );
}

/** The answer to `request`, with what it wants of the outputs. @throws INVALID_ARGUMENT where no message holds them */
export function toMessage(
  request: Pick<BatchRequest, 'model' | 'id' | 'places'>,
  outcomes: readonly Outcome[],
  outputs: OutputWriter,
): ModelInferResponse {
  const tensors = outputs.write(outcomes).map((tensor) => {
    const place = request.places.get(tensor.name);
    const bytes = toRawBytes(tensor);
    place?.write(bytes);
    const parameters = place === undefined ? {} : toParameters(parametersOf(place, bytes.length));
    return { ...tensor, parameters, bytes: place === undefined ? bytes : NO_BYTES };
  });
  checkSize(tensors.reduce((sum, { bytes }) => sum + bytes.length, 0));
  return {
    modelName: request.model,
    modelVersion: VERSION,
    id: request.id,
    parameters: toParameters(answerParameters(outcomes)),
    outputs: tensors.map(({ name, datatype, shape, parameters }) => ({
      name,
      datatype,
      shape: [...shape],
      parameters,
      contents: undefined,
    })),
    // As many as outputs, also where one lies elsewhere: clients count them.
    rawOutputContents: tensors.map(({ bytes }) => bytes),
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

/** What is given for the types that inputs have: BYTES and UINT8. */
function typed(name: string, contents: InferTensorContents | undefined): TensorContent {
  if (contents === undefined) return { kind: 'elements', elements: [] };
  const { uintContents, bytesContents, ...others } = contents;
  if (!isEmpty(others) || (uintContents.length > 0 && bytesContents.length > 0))
    throw invalidArgument(`${name}: contents must be bytes_contents (BYTES) or uint_contents (UINT8) alone`);
  if (uintContents.length > 0) return { kind: 'numbers', numbers: uintContents };
  return { kind: 'elements', elements: bytesContents };
}

function isEmpty(contents: Partial<InferTensorContents>): boolean {
  return Object.values(contents).every((values: readonly unknown[]) => values.length === 0);
}
