import { invalidArgument } from '@cassl/errors';
import type { ImageInput } from '@cassl/inference';
import { splitElements } from '@cassl/inference/bytes-elements';
import type { InputTensor } from './tensors.ts';

/** Images of one request. */
export const MAX_IMAGES = 256;
/** Bytes of one encoded image. */
export const MAX_IMAGE_BYTES = 32 * 2 ** 20;
const MAX_SIDE = 2 ** 16;
const CHANNELS = 3;

/**
 * The images of a request: one input, `image` (BYTES [N], files) or `pixels` (UINT8 [N, height, width, 3], RGB).
 * @throws INVALID_ARGUMENT naming the field, its value and its bound
 */
export function readImages(inputs: readonly InputTensor[]): ImageInput[] {
  const [input, ...more] = inputs;
  if (input === undefined || more.length > 0)
    throw invalidArgument(`inputs must be one tensor, image or pixels; got ${inputs.length}`);
  if (input.name === 'image') return readEncoded(input);
  if (input.name === 'pixels') return readPixels(input);
  throw invalidArgument(`inputs[0].name must be image or pixels, got ${quote(input.name)}`);
}

function readEncoded(input: InputTensor): ImageInput[] {
  checkDatatype(input, 'BYTES');
  // [N, 1] is what clients make of a batch of single elements.
  const [count = 0, one = 1] = readShape(input, [1, 2], [MAX_IMAGES, 1]);
  const { content } = input;
  if (content.kind === 'numbers') throw invalidArgument('image: BYTES elements must be given as bytes');
  const elements = content.kind === 'raw' ? splitElements('image', content.bytes) : content.elements;
  if (elements.length !== count * one)
    throw invalidArgument(`image: shape ${shapeOf(input)} wants ${count} elements, got ${elements.length}`);
  return elements.map((bytes) => ({ kind: 'encoded', bytes }));
}

function readPixels(input: InputTensor): ImageInput[] {
  checkDatatype(input, 'UINT8');
  const shape = readShape(input, [4], [MAX_IMAGES, MAX_SIDE, MAX_SIDE, CHANNELS]);
  const [count = 0, height = 0, width = 0, channels = 0] = shape;
  if (channels !== CHANNELS)
    throw invalidArgument(`pixels: the last of shape must be ${CHANNELS}, got ${channels}`);
  const size = height * width * CHANNELS;
  const data = readBytes(input);
  if (data.length !== count * size)
    throw invalidArgument(`pixels: shape ${shapeOf(input)} wants ${count * size} bytes, got ${data.length}`);
  return Array.from({ length: count }, (_, index) => ({
    kind: 'rgb',
    width,
    height,
    data: data.subarray(index * size, (index + 1) * size),
  }));
}

function readBytes({ content }: InputTensor): Uint8Array {
  if (content.kind === 'raw') return content.bytes;
  if (content.kind === 'elements') throw invalidArgument('pixels: UINT8 elements must be given as numbers');
  const bad = content.numbers.find((value) => !Number.isInteger(value) || value < 0 || value > 255);
  if (bad !== undefined) throw invalidArgument(`pixels: elements must be in [0, 255], got ${bad}`);
  return Uint8Array.from(content.numbers);
}

function checkDatatype({ name, datatype }: InputTensor, wanted: string): void {
  if (datatype !== wanted)
    throw invalidArgument(`${name}: datatype must be ${wanted}, got ${quote(datatype)}`);
}

function readShape(input: InputTensor, ranks: readonly number[], most: readonly number[]): number[] {
  const { name, shape } = input;
  if (!ranks.includes(shape.length))
    throw invalidArgument(`${name}: shape must have ${ranks.join(' or ')} dimensions, got ${shapeOf(input)}`);
  return shape.map((text, index) => {
    const value = Number(text);
    const bound = most[index] ?? 1;
    if (!Number.isInteger(value) || value < 1 || value > bound)
      throw invalidArgument(`${name}: shape[${index}] must be in [1, ${bound}], got ${text}`);
    return value;
  });
}

function shapeOf({ shape }: InputTensor): string {
  return `[${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', …' : ''}]`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
