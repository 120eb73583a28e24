import { fileURLToPath } from 'node:url';
import {
  credentials,
  loadPackageDefinition,
  type ClientDuplexStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from './serve-no-op.fixture.ts';

const PROTO = fileURLToPath(new URL('../../../../../proto/inference/v2/inference.proto', import.meta.url));

type Message = Record<string, unknown>;

/** What the tests read of any answer, in the names of the proto. */
interface Answer {
  readonly id: string;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly raw_output_contents: readonly Buffer[];
  readonly parameters: Readonly<Record<string, { string_param: string; bool_param: boolean }>>;
  readonly inputs: readonly unknown[];
  readonly models: readonly unknown[];
  readonly config: { readonly parameters: Readonly<Record<string, { string_value: string }>> };
  readonly model_stats: readonly {
    readonly inference_stats: { readonly success: { readonly count: number } };
  }[];
  readonly settings: Readonly<Record<string, { bool_param: boolean; value?: string[] }>>;
}

interface StreamMessage {
  readonly error_message: string;
  readonly infer_response: Answer;
}

const png = await encodePng({ width: 5, height: 4, data: new Uint8Array(60) });
let test: TestServer;
let client: InstanceType<ServiceClientConstructor>;

const call = (method: string, request: Message): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const deadline = Date.now() + 20_000;
    (client[method] as (...args: unknown[]) => void)(
      request,
      { deadline },
      (error: Error | null, answer: Answer) => (error === null ? resolve(answer) : reject(error)),
    );
  });

function element(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function question(images: readonly Uint8Array[], more: Message = {}): Message {
  return {
    model_name: 'm',
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [images.length] }],
    raw_input_contents: [Buffer.concat(images.map(element))],
    ...more,
  };
}

const pixels = (more: Message, raw: Buffer = Buffer.alloc(2 * 3 * 3)): Message => ({
  model_name: 'm',
  inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, 2, 3, 3], ...more }],
  raw_input_contents: [raw],
});

const INPUT = [{ name: 'image', datatype: 'BYTES', shape: [1] }];

/** One image as typed contents, and as bytes besides. */
const typedAnd = (contents: Message, raw: readonly Buffer[] = [element(png)]): Message => ({
  model_name: 'm',
  inputs: [{ ...INPUT[0], contents }],
  raw_input_contents: raw,
});

function int32(bytes: Buffer): number[] {
  return [...new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))];
}

beforeAll(async () => {
  test = await serveNoOp();
  const loaded = loadPackageDefinition(await load(PROTO, { keepCase: true, longs: Number, defaults: true }));
  const { GRPCInferenceService } = loaded['inference'] as Record<string, ServiceClientConstructor>;
  client = new GRPCInferenceService!(test.server.address, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await test.stop();
});

describe('the Open Inference Protocol over gRPC', () => {
  it('answers files and pixels, padded to the image that has most', async () => {
    const answer = await call('ModelInfer', question([png, png], { id: 'mine' }));
    expect(answer).toMatchObject({ model_name: 'm', model_version: '1', id: 'mine' });
    const { outputs } = answer;
    expect(outputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['boxes', 2, 1, 4],
      ['scores', 2, 1],
      ['labels', 2, 1],
      ['num_detections', 2],
      ['masks', 2, 1],
      ['image_sizes', 2, 2],
      ['errors', 2],
    ]);
    const raw = answer.raw_output_contents;
    expect(int32(raw[2]!)).toEqual([7, 7]);
    expect(int32(raw[5]!)).toEqual([4, 5, 4, 5]);
    expect(answer.parameters['checkpoint_digest']!.string_param).toBe('digest-of-m');
    const one = await call('ModelInfer', { ...pixels({}), outputs: [{ name: 'image_sizes' }] });
    expect(int32(one.raw_output_contents[0]!)).toEqual([2, 3]);
  });

  it('takes typed contents, and double and uint64 parameters', async () => {
    const inputs = [{ name: 'image', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [png] } }];
    const parameters = {
      threshold: { double_param: 0.25 },
      priority: { uint64_param: 2 },
      max_detections: { int64_param: 3 },
      timeout: { int64_param: 9_000_000 },
    };
    const answer = await call('ModelInfer', { model_name: 'm', inputs, parameters });
    expect(int32(answer.raw_output_contents[3]!)).toEqual([1]);
  });

  it('answers the neighbours of bytes that are no image, and says so in its place', async () => {
    const answer = await call('ModelInfer', question([png, Buffer.from('nonsense'), png]));
    expect(int32(answer.raw_output_contents[3]!)).toEqual([1, -1, 1]);
    expect(String(answer.raw_output_contents[6])).toMatch(/image/i);
    const cut = Buffer.from(png.subarray(0, png.length - 20));
    const huge = Buffer.from(png);
    huge.writeUInt32BE(65535, 16);
    huge.writeUInt32BE(65535, 20);
    const mixed = await call('ModelInfer', question([png, cut, huge, Buffer.alloc(0), png]));
    expect(int32(mixed.raw_output_contents[3]!)).toEqual([1, -1, -1, -1, 1]);
    expect(int32(mixed.raw_output_contents[5]!)).toEqual([4, 5, 0, 0, 0, 0, 0, 0, 4, 5]);
    const alone = call('ModelInfer', question([Buffer.from('nonsense')]));
    await expect(alone).rejects.toMatchObject({ code: 3, details: expect.stringContaining('inputs[0][0]') });
  });

  it.each([
    ['datatype', pixels({ datatype: 'FP32' }), 3, 'pixels: datatype must be UINT8'],
    ['bytes', pixels({}, Buffer.alloc(17)), 3, 'wants 18 bytes, got 17'],
    ['negative shape', pixels({ shape: [1, -2, 3, 3] }), 3, 'shape[1] must be in [1, 65536], got -2'],
    ['huge shape', pixels({ shape: [1, '9223372036854775807', 3, 3] }), 3, 'got 9223372036854775807'],
    ['rank', pixels({ shape: [2, 3, 3] }), 3, 'must have 4 dimensions'],
    ['zero', pixels({ shape: [0, 2, 3, 3] }), 3, 'shape[0] must be in [1, 256], got 0'],
    ['product', pixels({ shape: [256, 65536, 65536, 3] }), 3, 'wants 3298534883328 bytes, got 18'],
    ['half', pixels({ datatype: 'FP16' }), 3, 'pixels: datatype must be UINT8, got "FP16"'],
    ['brain float', pixels({ datatype: 'BF16' }), 3, 'pixels: datatype must be UINT8, got "BF16"'],
    ['image of 100 MB', question([png, Buffer.alloc(100 * 2 ** 20)]), 3, 'the limit is 67108864'],
    [
      'image of 40 MB',
      question([Buffer.alloc(40 * 2 ** 20)]),
      3,
      'inputs[0][0]: image must have 1 to 33554432',
    ],
    [
      'output twice',
      { ...pixels({}), outputs: [{ name: 'boxes' }, { name: 'boxes' }] },
      3,
      '"boxes" is named twice',
    ],
    [
      'input twice',
      { ...question([png]), inputs: [...INPUT, ...INPUT], raw_input_contents: [] },
      3,
      'one tensor',
    ],
    [
      'content twice',
      typedAnd({ bytes_contents: [png] }),
      3,
      'contents and raw_input_contents exclude each other',
    ],
    ['kind of contents', typedAnd({ fp32_contents: [1] }, []), 3, 'image: contents must be bytes_contents'],
    ['two kinds', typedAnd({ bytes_contents: [png], uint_contents: [1] }, []), 3, 'image: contents must be'],
    [
      'classification',
      { ...pixels({}), outputs: [{ name: 'boxes', parameters: { classification: { int64_param: 1 } } }] },
      3,
      'boxes: parameters.classification',
    ],
    [
      'bound',
      { ...pixels({}), parameters: { threshold: { double_param: 1 } } },
      3,
      'parameters.threshold must be a number in [0, 1)',
    ],
    [
      'text',
      { ...pixels({}), parameters: { threshold: { string_param: 'nan' } } },
      3,
      'parameters.threshold',
    ],
    [
      'flag',
      { ...pixels({}), parameters: { non_overlap: { string_param: 'true' } } },
      3,
      'parameters.non_overlap',
    ],
    ['empty value', { ...pixels({}), parameters: { threshold: {} } }, 3, 'parameters.threshold has no value'],
    ['input', pixels({ name: 'picture' }), 3, 'inputs[0].name'],
    ['no input', { model_name: 'm' }, 3, 'inputs must be one tensor'],
    ['no model', { ...pixels({}), model_name: '' }, 3, 'model_name is empty'],
    ['model', { ...pixels({}), model_name: 'missing' }, 5, 'model missing'],
    ['version', { ...pixels({}), model_version: '9' }, 5, 'no version 9'],
    ['output', { ...pixels({}), outputs: [{ name: 'logits' }] }, 3, '"logits" is not an output'],
    ['sequence', { ...pixels({}), parameters: { sequence_id: { int64_param: 3 } } }, 12, 'sequence_id'],
    ['region', pixels({ parameters: { shared_memory_region: { string_param: 'r' } } }), 3, 'disabled'],
    ['NaN', { ...pixels({}), parameters: { threshold: { double_param: NaN } } }, 3, 'threshold'],
    ['misspelt', { ...pixels({}), parameters: { treshold: { double_param: 0.1 } } }, 3, 'treshold'],
    [
      'priority',
      { ...pixels({}), parameters: { priority: { uint64_param: '18446744073709551615' } } },
      3,
      'priority',
    ],
    [
      'lengths',
      { ...question([png]), raw_input_contents: [Buffer.from([255, 255, 255, 255, 1])] },
      3,
      'element 0',
    ],
    ['count', { ...question([png]), raw_input_contents: [] }, 3, 'wants 1 elements, got 0'],
  ])('refuses a wrong %s by name', async (_what, request, code, text) => {
    const refused = call('ModelInfer', request);
    await expect(refused).rejects.toMatchObject({ code, details: expect.stringContaining(text) });
  });

  it('streams answers in order, goes on after a failed request, and marks the last of each', async () => {
    const stream = (client['ModelStreamInfer'] as () => ClientDuplexStream<Message, StreamMessage>)();
    const yes = { bool_param: true };
    stream.write(question([png, png], { id: 'whole' }));
    stream.write(question([png], { id: 'bad', model_name: 'missing' }));
    const parameters = { decoupled: yes, triton_enable_empty_final_response: yes };
    stream.write(question([png, png], { id: 'apart', parameters }));
    stream.end();
    const seen: unknown[] = [];
    for await (const {
      error_message: error,
      infer_response: answer,
    } of stream as AsyncIterable<StreamMessage>) {
      seen.push([
        answer.id,
        error,
        answer.outputs.length,
        answer.parameters['triton_final_response']!.bool_param,
      ]);
    }
    expect(seen).toEqual([
      ['whole', '', 7, true],
      ['bad', expect.stringContaining('NOT_FOUND: model missing'), 0, true],
      ['apart', '', 7, false],
      ['apart', '', 7, false],
      ['apart', '', 0, true],
    ]);
  });

  it('loads and unloads by Triton’s field and by KServe’s', async () => {
    expect(await call('ModelReady', { name: 'k' })).toEqual({ ready: false });
    expect(await call('RepositoryModelLoad', { model_name: 'k' })).toEqual({
      model_name: 'k',
      isLoaded: true,
    });
    expect(await call('ModelReady', { name: 'k' })).toEqual({ ready: true });
    expect(await call('ModelReady', { name: 'k', version: '1' })).toEqual({ ready: true });
    expect(await call('ModelReady', { name: 'k', version: '9' })).toEqual({ ready: false });
    const { models } = await call('RepositoryIndex', { ready: true });
    expect(models).toContainEqual({ name: 'k', version: '1', state: 'READY', reason: '' });
    const gone = await call('RepositoryModelUnload', { repository_name: 'k' });
    expect(gone).toEqual({ model_name: 'k', isUnloaded: true });
    expect(await call('ModelReady', { name: 'k' })).toEqual({ ready: false });
    await expect(call('RepositoryModelUnload', { model_name: 'k' })).rejects.toMatchObject({ code: 5 });
  });

  it('tells a model’s tensors, configuration and counts', async () => {
    const { inputs } = await call('ModelMetadata', { name: 'm' });
    expect(inputs).toContainEqual({ name: 'pixels', datatype: 'UINT8', shape: [-1, -1, -1, 3] });
    const { config } = await call('ModelConfig', { name: 'm' });
    expect(JSON.parse(config.parameters['categories']!.string_value)).toEqual([{ id: 7, name: 'object' }]);
    await call('ModelInfer', question([png]));
    const { model_stats: stats } = await call('ModelStatistics', { name: 'm' });
    expect(stats[0]!.inference_stats.success.count).toBeGreaterThan(0);
    await expect(call('ModelStatistics', { name: 'idle' })).rejects.toMatchObject({ code: 5 });
  });

  it('says that shared memory is disabled, and of CUDA that there is none', async () => {
    expect(await call('SystemSharedMemoryStatus', {})).toEqual({ regions: {} });
    await expect(call('SystemSharedMemoryRegister', { name: 'r' })).rejects.toMatchObject({ code: 9 });
    const cuda = call('CudaSharedMemoryRegister', { name: 'r' });
    await expect(cuda).rejects.toMatchObject({ code: 12, details: expect.stringMatching(/^CudaShared/) });
    expect(await call('CudaSharedMemoryStatus', {})).toEqual({ regions: {} });
    await expect(call('CudaSharedMemoryStatus', { name: 'r' })).rejects.toMatchObject({ code: 5 });
  });

  it('tells its trace and log settings, and takes for a change what they are', async () => {
    expect((await call('LogSettings', {})).settings['log_info']!.bool_param).toBe(true);
    const same = { settings: { log_info: { bool_param: true } } };
    expect((await call('LogSettings', same)).settings['log_info']!.bool_param).toBe(true);
    const reset = { settings: { trace_level: {} }, model_name: 'm' };
    expect((await call('TraceSetting', reset)).settings['trace_level']).toEqual({ value: ['OFF'] });
  });

  it.each([
    ['TraceSetting', { trace_level: { value: ['TENSORS'] } }, 12, /^TraceSetting: settings\.trace_level/],
    ['TraceSetting', { bogus: { value: ['1'] } }, 3, /settings\.bogus is not known; known are trace_file/],
    ['TraceSetting', {}, 5, /model missing/],
    ['LogSettings', { log_info: { bool_param: false } }, 12, /^LogSettings: settings\.log_info/],
    ['LogSettings', { log_info: { string_param: 'yes' } }, 3, /log_info must be true or false, got "yes"/],
    ['LogSettings', { log_verbose_level: { bool_param: true } }, 3, /log_verbose_level must be a whole/],
    ['LogSettings', { toString: { bool_param: true } }, 3, /settings\.toString is not known/],
  ])('%s %j is refused by name', async (method, settings, code, details) => {
    const isOfModel = method === 'TraceSetting' && Object.keys(settings).length === 0;
    const asked = call(method, { settings, ...(isOfModel ? { model_name: 'missing' } : {}) });
    await expect(asked).rejects.toMatchObject({ code, details: expect.stringMatching(details) });
  });
});
