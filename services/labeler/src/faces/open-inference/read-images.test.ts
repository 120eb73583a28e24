import { joinElements } from '@cassl/inference/bytes-elements';
import { describe, expect, it } from 'vitest';
import { readImages } from './read-images.ts';
import { readParameters, type ParameterValue } from './read-parameters.ts';
import { toRawBytes, type InputTensor, type TensorContent } from './tensors.ts';

const files = (...names: string[]): Buffer[] => names.map((name) => Buffer.from(name));
const image = (shape: InputTensor['shape'], content: TensorContent, datatype = 'BYTES'): InputTensor => ({
  name: 'image',
  datatype,
  shape,
  content,
});
const pixels = (shape: InputTensor['shape'], content: TensorContent, datatype = 'UINT8'): InputTensor => ({
  name: 'pixels',
  datatype,
  shape,
  content,
});
const numbers = (...values: number[]): TensorContent => ({ kind: 'numbers', numbers: values });
const raw = (...values: number[]): TensorContent => ({ kind: 'raw', bytes: Buffer.from(values) });
const elements = (...names: string[]): TensorContent => ({ kind: 'elements', elements: files(...names) });

describe('the images of a request', () => {
  it.each([
    ['in a list', [2], elements('ab', 'c')],
    ['in a column', [2, 1], elements('ab', 'c')],
    ['with the shape as text', ['2'], elements('ab', 'c')],
    ['raw, each with its length', [2], { kind: 'raw', bytes: joinElements(files('ab', 'c')) }],
  ] as const)('may be files %s', (_, shape, content) => {
    const read = readImages([image(shape, content)]);
    expect(read.map((each) => each.kind === 'encoded' && Buffer.from(each.bytes).toString())).toEqual([
      'ab',
      'c',
    ]);
  });

  it.each([
    ['raw', raw(1, 2, 3, 4, 5, 6)],
    ['as numbers', numbers(1, 2, 3, 4, 5, 6)],
  ])('may be pixels %s', (_, content) => {
    expect(readImages([pixels([2, 1, 1, 3], content)])).toEqual(
      [
        { kind: 'rgb', width: 1, height: 1, data: new Uint8Array([1, 2, 3]) },
        { kind: 'rgb', width: 1, height: 1, data: new Uint8Array([4, 5, 6]) },
      ].map(({ data, ...rest }) => ({ ...rest, data: content.kind === 'raw' ? Buffer.from(data) : data })),
    );
  });

  it.each<[string, readonly InputTensor[], string]>([
    ['nothing', [], 'inputs must be one tensor, image or pixels; got 0'],
    ['two inputs', [image([1], elements('a')), image([1], elements('a'))], 'got 2'],
    [
      'another name',
      [{ ...image([1], elements('a')), name: 'IMAGE' }],
      'inputs[0].name must be image or pixels, got "IMAGE"',
    ],
    ['another datatype', [image([1], elements('a'), 'FP32')], 'image: datatype must be BYTES, got "FP32"'],
    [
      'floats for pixels',
      [pixels([1, 1, 1, 3], raw(1, 2, 3), 'FP32')],
      'pixels: datatype must be UINT8, got "FP32"',
    ],
    ['no image', [image([0], elements())], 'image: shape[0] must be in [1, 256], got 0'],
    ['too many images', [image([257], elements())], 'image: shape[0] must be in [1, 256], got 257'],
    ['half an image', [image([1.5], elements('a'))], 'image: shape[0] must be in [1, 256], got 1.5'],
    ['a shape in words', [image(['two'], elements('a'))], 'image: shape[0] must be in [1, 256], got two'],
    [
      'a table of files',
      [image([2, 2], elements('a', 'b', 'c', 'd'))],
      'image: shape[1] must be in [1, 1], got 2',
    ],
    ['no dimension', [image([], elements('a'))], 'image: shape must have 1 or 2 dimensions, got []'],
    [
      'many dimensions',
      [image([1, 1, 1, 1, 1, 1, 1, 1, 1], elements('a'))],
      'image: shape must have 1 or 2 dimensions, got [1, 1, 1, 1, 1, 1, 1, 1, …]',
    ],
    [
      'fewer files than its shape says',
      [image([2], elements('a'))],
      'image: shape [2] wants 2 elements, got 1',
    ],
    ['numbers for files', [image([1], numbers(1))], 'image: BYTES elements must be given as bytes'],
    [
      'files for pixels',
      [pixels([1, 1, 1, 3], elements('abc'))],
      'pixels: UINT8 elements must be given as numbers',
    ],
    ['a grey picture', [pixels([1, 2, 2, 1], raw(1, 2, 3, 4))], 'pixels: the last of shape must be 3, got 1'],
    ['planes', [pixels([1, 3, 2, 2], raw())], 'pixels: the last of shape must be 3, got 2'],
    [
      'fewer pixels than its shape says',
      [pixels([1, 2, 1, 3], raw(1, 2, 3))],
      'pixels: shape [1, 2, 1, 3] wants 6 bytes, got 3',
    ],
    [
      'a number that is no byte',
      [pixels([1, 1, 1, 3], numbers(1, 256, 3))],
      'pixels: elements must be in [0, 255], got 256',
    ],
    [
      'a fraction of a byte',
      [pixels([1, 1, 1, 3], numbers(1, 0.5, 3))],
      'pixels: elements must be in [0, 255], got 0.5',
    ],
    [
      'a picture without height',
      [pixels([1, 0, 5, 3], raw())],
      'pixels: shape[1] must be in [1, 65536], got 0',
    ],
  ])('of %s are refused', (_, inputs, message) => {
    expect(() => readImages(inputs)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

describe('the parameters of a request', () => {
  const read = (parameters: Record<string, ParameterValue>): ReturnType<typeof readParameters> =>
    readParameters(new Map(Object.entries(parameters)));

  it('may be left out', () => {
    expect(read({})).toEqual({ options: {}, isDecoupled: false, wantsEmptyFinal: false });
    // What clients send for none.
    expect(read({ priority: 0, timeout: 0 })).toEqual(read({}));
  });

  it('may come as text, in microseconds and with what other servers know', () => {
    expect(
      read({
        threshold: '0.5',
        max_detections: '7',
        non_overlap: true,
        priority: 3,
        timeout: 2_500_000,
        decoupled: true,
        triton_enable_empty_final_response: true,
        binary_data_output: true,
        triton_anything: 'x',
      }),
    ).toEqual({
      options: { threshold: 0.5, maxDetections: 7, nonOverlap: true },
      priority: 3,
      timeoutMs: 2500,
      isDecoupled: true,
      wantsEmptyFinal: true,
    });
  });

  it.each<[Record<string, ParameterValue>, string]>([
    [{ treshold: 0.5 }, 'parameters.treshold is not known; known are threshold, max_detections'],
    [{ threshold: 1 }, 'parameters.threshold must be a number in [0, 1), got 1'],
    [{ threshold: -0.1 }, 'parameters.threshold must be a number in [0, 1), got -0.1'],
    [{ threshold: 'high' }, 'parameters.threshold must be a number in [0, 1), got "high"'],
    [{ threshold: ' ' }, 'parameters.threshold must be a number in [0, 1), got " "'],
    [{ threshold: true }, 'parameters.threshold must be a number in [0, 1), got true'],
    [{ threshold: NaN }, 'parameters.threshold must be a number in [0, 1), got NaN'],
    [{ max_detections: 0 }, 'parameters.max_detections must be a number in [1, 1000], got 0'],
    [{ max_detections: 1.5 }, 'parameters.max_detections must be whole, got 1.5'],
    [{ priority: 10 }, 'parameters.priority must be a number in [0, 9], got 10'],
    [{ priority: 0.5 }, 'parameters.priority must be whole, got 0.5'],
    [{ timeout: -1 }, 'parameters.timeout must be a number in'],
    [{ non_overlap: 'yes' }, 'parameters.non_overlap must be true or false, got "yes"'],
    [{ decoupled: 1 }, 'parameters.decoupled must be true or false, got 1'],
  ])('%o are refused by name, value and bound', (parameters, message) => {
    expect(() => read(parameters)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

describe('the bytes of an output', () => {
  it('are little-endian numbers, and of an array in the middle of another no more than itself', () => {
    const values = Float32Array.of(9, 1, -2, 9).subarray(1, 3);
    const bytes = toRawBytes({ name: 'scores', datatype: 'FP32', shape: [2], values });
    expect([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([8, 1, -2]);
    const whole = toRawBytes({ name: 'labels', datatype: 'INT32', shape: [1], values: Int32Array.of(-7) });
    expect(whole.readInt32LE(0)).toBe(-7);
  });

  it('are text with its length in bytes before it', () => {
    const bytes = toRawBytes({ name: 'errors', datatype: 'BYTES', shape: [3], values: ['ü', '', 'ab'] });
    expect([...bytes]).toEqual([2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0, 2, 0, 0, 0, 97, 98]);
  });
});
