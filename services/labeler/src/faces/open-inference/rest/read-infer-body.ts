import { invalidArgument } from '@cassl/errors';
import { boundedList, boundedRecord, parseJson } from '@cassl/http';
import { z } from 'zod';
import type { BatchRequest } from '../ask-images.ts';
import type { SharedRegions } from '../shared-memory/regions.ts';
import type { InputTensor, TensorContent } from '../tensors.ts';
import { readWantedOutput } from '../views/read-wanted-output.ts';
import type { ModelPath } from './model-path.ts';

/** Where the JSON of a body ends and the tensors begin. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** Of a request and of a tensor; far more than there are names for. */
const MOST = { tensors: 64, dimensions: 16, parameters: 64 };
const parameter = z.union([z.boolean(), z.number(), z.string()]);
// Python clients write what they leave out as null.
const parameters = boundedRecord(parameter, MOST.parameters)
  .nullish()
  .transform((given) => given ?? {});
const inferSchema = z.object({
  id: z
    .string()
    .nullish()
    .transform((given) => given ?? ''),
  parameters,
  inputs: boundedList(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: boundedList(z.number(), MOST.dimensions),
      parameters,
      data: z
        .array(z.unknown())
        .nullish()
        .transform((given) => given ?? undefined),
    }),
    MOST.tensors,
  ),
  outputs: boundedList(z.object({ name: z.string(), parameters }), MOST.tensors)
    .nullish()
    .transform((given) => given ?? []),
});
type InferBody = z.output<typeof inferSchema>;
type BodyTensor = InferBody['inputs'][number];

export interface RestRequest extends BatchRequest {
  /** Outputs that are wanted as bytes after the JSON. */
  isBinary(output: string): boolean;
}

/**
 * An inference request: JSON alone, or JSON of `headerLength` bytes and the tensors of `binary_data_size` bytes after it.
 * @throws INVALID_ARGUMENT naming the field
 */
export function readInferBody(
  { model, version }: ModelPath,
  body: Buffer,
  { headerLength, regions }: { readonly headerLength: string | undefined; readonly regions: SharedRegions },
): RestRequest {
  const end = readHeaderLength(headerLength, body.length);
  const json = parseJson(body.subarray(0, end), inferSchema);
  const isBinary = new Map(
    json.outputs.map(({ name, parameters: asked }) => [name, asked['binary_data'] === true]),
  );
  const byDefault = json.parameters['binary_data_output'] === true;
  return {
    model,
    version,
    id: json.id,
    parameters: new Map(Object.entries(json.parameters)),
    inputs: readTensors(json.inputs, body.subarray(end), regions),
    outputs: json.outputs.map(({ name, parameters: asked }) =>
      readWantedOutput(name, new Map(Object.entries(asked))),
    ),
    places: new Map(
      json.outputs.flatMap(({ name, parameters: asked }) => {
        const place = regions.placeOf(name, new Map(Object.entries(asked)));
        return place === undefined ? [] : [[name, place]];
      }),
    ),
    isBinary: (name) => isBinary.get(name) ?? byDefault,
  };
}

function readHeaderLength(text: string | undefined, bodyLength: number): number {
  if (text === undefined) return bodyLength;
  const length = Number(text);
  if (!/^\d+$/.test(text) || length > bodyLength)
    throw invalidArgument(
      `${HEADER_LENGTH} must be a whole number of at most ${bodyLength}, the bytes of the body, got ${text.slice(0, 100)}`,
    );
  return length;
}

function readTensors(inputs: readonly BodyTensor[], binary: Buffer, regions: SharedRegions): InputTensor[] {
  let at = 0;
  const tensors = inputs.map((input): InputTensor => {
    const { name, datatype, shape, parameters: given, data } = input;
    const place = regions.placeOf(name, new Map(Object.entries(given)));
    if (place !== undefined) return { name, datatype, shape, content: { kind: 'raw', bytes: place.read() } };
    const size = given['binary_data_size'];
    if (size === undefined) return { name, datatype, shape, content: fromJson(input) };
    if (data !== undefined) throw invalidArgument(`${name}: data and binary_data_size exclude each other`);
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || at + size > binary.length)
      throw invalidArgument(
        `${name}: binary_data_size must be in [0, ${binary.length - at}], the bytes that are left of the body, got ${String(size).slice(0, 100)}`,
      );
    at += size;
    return { name, datatype, shape, content: { kind: 'raw', bytes: binary.subarray(at - size, at) } };
  });
  if (at !== binary.length)
    throw invalidArgument(`the body has ${binary.length - at} bytes after the last tensor`);
  return tensors;
}

/** Of the arrays in `data`: the most dimensions that a tensor has here, and some. */
const MAX_DEPTH = 7;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Elements in JSON, flat or nested. Image files are base64 there: JSON has no bytes, and no image file looks like base64. */
function fromJson({ name, datatype, data }: BodyTensor): TensorContent {
  const elements: readonly unknown[] = (data ?? []).flat(MAX_DEPTH);
  if (elements.some(Array.isArray))
    throw invalidArgument(`${name}: data must be nested at most ${MAX_DEPTH + 1} deep`);
  if (datatype !== 'BYTES') {
    // What a wrong datatype has of elements nobody reads.
    if (datatype === 'UINT8' && !elements.every((element) => typeof element === 'number'))
      throw invalidArgument(`${name}: data must be numbers`);
    return { kind: 'numbers', numbers: elements as readonly number[] };
  }
  return {
    kind: 'elements',
    elements: elements.map((element, index) => {
      if (typeof element !== 'string' || !BASE64.test(element))
        throw invalidArgument(
          `${name}: data[${index}] must be an image file in base64; as it is, it goes after the JSON (binary_data_size)`,
        );
      return Buffer.from(element, 'base64');
    }),
  };
}
