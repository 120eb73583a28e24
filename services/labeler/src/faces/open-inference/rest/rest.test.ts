import { gunzipSync } from 'node:zlib';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../serve-no-op.fixture.ts';

const png = Buffer.from(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
let test: TestServer;

beforeAll(async () => {
  test = await serveNoOp();
});
afterAll(() => test.stop());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown>;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${test.http.url}${path}`, { signal: AbortSignal.timeout(20_000), ...init });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const json = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, bytes, json };
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers });

const inJson = (more: object = {}) => ({
  id: 'a',
  inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [png.toString('base64')] }],
  ...more,
});

const nestedData = (depth: number): string =>
  `{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":${'['.repeat(depth)}${']'.repeat(depth)}}]}`;

function binaryBody(images: readonly Buffer[], more: object = {}): { body: Buffer; length: string } {
  const tensor = Buffer.concat(
    images.flatMap((image) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(image.length);
      return [length, image];
    }),
  );
  const input = {
    name: 'image',
    datatype: 'BYTES',
    shape: [images.length],
    parameters: { binary_data_size: tensor.length },
  };
  const json = Buffer.from(JSON.stringify({ inputs: [input], ...more }));
  return { body: Buffer.concat([json, tensor]), length: String(json.length) };
}

function askBinary(images: readonly Buffer[], more: object = {}, length?: string): Promise<Answer> {
  const { body, length: own } = binaryBody(images, more);
  return ask('/v2/models/m/infer', {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'inference-header-content-length': length ?? own },
  });
}

const output = (answer: Answer, name: string): Record<string, unknown> | undefined =>
  (answer.json['outputs'] as Record<string, unknown>[] | undefined)?.find((one) => one['name'] === name);

describe('the Open Inference Protocol over HTTP', () => {
  it('tells health, metadata, configuration, index and statistics under the names of the protocol', async () => {
    expect((await ask('/v2/health/live')).json).toEqual({ live: true });
    expect((await ask('/v2/health/ready')).json).toEqual({ ready: true });
    expect((await ask('/v2')).json).toMatchObject({ name: 'cassl' });
    expect((await ask('/v2/models/shop/prod/versions/1')).json).toMatchObject({ name: 'shop/prod' });
    expect((await ask('/v2/models/m/config')).json).toMatchObject({ max_batch_size: 0, name: 'm' });
    expect((await ask('/v2/models/shop/prod/ready')).status).toBe(503);
    expect((await post('/v2/repository/models/shop/prod/load', {})).status).toBe(200);
    expect((await ask('/v2/models/shop/prod/ready')).json).toEqual({ name: 'shop/prod', ready: true });
    expect((await ask('/v2/models/shop/prod/versions/1/ready')).status).toBe(200);
    expect((await ask('/v2/models/shop/prod/versions/9/ready')).status).toBe(503);
    const index = await post('/v2/repository/index', { ready: true });
    expect(index.json).toContainEqual({ name: 'shop/prod', version: '1', state: 'READY', reason: '' });
    expect((await ask('/v2/models/shop/prod/stats')).json).toMatchObject({
      model_stats: [{ name: 'shop/prod', inference_count: 0 }],
    });
    expect((await post('/v2/repository/models/shop/prod/unload', {})).status).toBe(200);
  });

  it('infers from JSON alone and answers in JSON', async () => {
    const answer = await post('/v2/models/m/infer', inJson({ outputs: [{ name: 'boxes' }] }));
    expect(answer.json).toMatchObject({ model_name: 'm', model_version: '1', id: 'a' });
    expect(output(answer, 'boxes')).toEqual({
      name: 'boxes',
      datatype: 'FP32',
      shape: [1, 1, 4],
      data: [0, 0, 5, 4],
    });
  });

  it('takes tensors after the JSON and gives back as bytes what is wanted as bytes', async () => {
    const outputs = [{ name: 'scores' }, { name: 'boxes', parameters: { binary_data: true } }];
    const answer = await askBinary([png, png], { outputs });
    const end = Number(answer.headers.get('inference-header-content-length'));
    const json = JSON.parse(answer.bytes.subarray(0, end).toString()) as { outputs: object[] };
    expect(json.outputs).toMatchObject([
      { name: 'scores', shape: [2, 1] },
      { name: 'boxes', shape: [2, 1, 4], parameters: { binary_data_size: 32 } },
    ]);
    const boxes = new Float32Array(new Uint8Array(answer.bytes.subarray(end)).buffer);
    expect([...boxes]).toEqual([0, 0, 5, 4, 0, 0, 5, 4]);
  });

  it('takes null for what is left out, as clients write it that have fields for everything', async () => {
    const [input] = inJson().inputs;
    const nothing = { id: null, parameters: null, outputs: null };
    const body = { ...nothing, inputs: [{ ...input, parameters: null }] };
    expect(output(await post('/v2/models/m/infer', body), 'num_detections')?.['data']).toEqual([1]);
  });

  it('leaves neighbours alone when an image cannot be decoded', async () => {
    const answer = await askBinary([png, Buffer.from('no image'), png]);
    expect(output(answer, 'num_detections')?.['data']).toEqual([1, -1, 1]);
    expect((output(answer, 'errors')?.['data'] as string[])[1]).not.toBe('');
  });

  it('reads and writes compressed bodies, with a bound on what they unpack to', async () => {
    const { gzipSync } = await import('node:zlib');
    const body = new Uint8Array(gzipSync(JSON.stringify(inJson())));
    const answer = await fetch(`${test.http.url}/v2/models/m/infer`, {
      method: 'POST',
      body,
      headers: { 'content-encoding': 'gzip', 'accept-encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.json()).toMatchObject({ id: 'a' });
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(8 * 2 ** 20)));
    expect(gunzipSync(bomb).length).toBeGreaterThan(4 * 2 ** 20);
    const refused = await ask('/v2/models/m/infer', {
      method: 'POST',
      body: bomb,
      headers: { 'content-encoding': 'gzip' },
    });
    expect(refused).toMatchObject({
      status: 413,
      json: { error: expect.stringContaining('over the limit') },
    });
  });

  it.each<[string, () => Promise<Answer>, number, RegExp]>([
    ['an unknown model', () => post('/v2/models/missing/infer', inJson()), 404, /missing/],
    ['an unknown version', () => post('/v2/models/m/versions/9/infer', inJson()), 404, /version 9/],
    ['a body that is no JSON', () => ask('/v2/models/m/infer', { method: 'POST', body: '{' }), 400, /JSON/],
    ['no body', () => ask('/v2/models/m/infer', { method: 'POST' }), 400, /JSON/],
    [
      'a shape that is text',
      () => post('/v2/models/m/infer', { inputs: [{ name: 'image', datatype: 'BYTES', shape: ['1'] }] }),
      400,
      /inputs\[0\]\.shape\[0\]/,
    ],
    [
      'a wrong datatype',
      () =>
        post('/v2/models/m/infer', { inputs: [{ name: 'image', datatype: 'FP32', shape: [1], data: [1] }] }),
      400,
      /datatype must be BYTES/,
    ],
    [
      'data that is nested too deep',
      () => ask('/v2/models/m/infer', { method: 'POST', body: nestedData(50) }),
      400,
      /image: data must be nested at most 8 deep/,
    ],
    [
      'data that is nested without end',
      () => ask('/v2/models/m/infer', { method: 'POST', body: nestedData(1e5) }),
      400,
      /the body must be nested at most 100 deep/,
    ],
    [
      'a half',
      () => post('/v2/models/m/infer', { inputs: [{ ...inJson().inputs[0], datatype: 'FP16' }] }),
      400,
      /image: datatype must be BYTES, got "FP16"/,
    ],
    [
      'a threshold that is text of no number',
      () => post('/v2/models/m/infer', inJson({ parameters: { threshold: 'NaN' } })),
      400,
      /parameters\.threshold/,
    ],
    [
      'an output twice',
      () => post('/v2/models/m/infer', inJson({ outputs: [{ name: 'boxes' }, { name: 'boxes' }] })),
      400,
      /"boxes" is named twice/,
    ],
    [
      'a shape beyond its bytes',
      () =>
        post('/v2/models/m/infer', {
          inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, 2, 2, 3], data: [1, 2] }],
        }),
      400,
      /wants 12 bytes/,
    ],
    [
      'a negative shape',
      () =>
        post('/v2/models/m/infer', { inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1], data: [] }] }),
      400,
      /shape\[0\] must be in \[1, 256\], got -1/,
    ],
    [
      'a threshold beyond 1',
      () => post('/v2/models/m/infer', inJson({ parameters: { threshold: 3 } })),
      400,
      /threshold/,
    ],
    [
      'an unknown parameter',
      () => post('/v2/models/m/infer', inJson({ parameters: { treshold: 0.3 } })),
      400,
      /treshold is not known/,
    ],
    ['a header length beyond the body', () => askBinary([png], {}, '99999999'), 400, /header-content-length/],
    ['a header length that is no number', () => askBinary([png], {}, '-1'), 400, /header-content-length/],
    [
      'classification',
      () =>
        post(
          '/v2/models/m/infer',
          inJson({ outputs: [{ name: 'boxes', parameters: { classification: 3 } }] }),
        ),
      400,
      /boxes: parameters\.classification: .*:classes/,
    ],
    ['shared memory', () => post('/v2/systemsharedmemory/region/r/register', {}), 400, /disabled/],
    ['CUDA memory', () => post('/v2/cudasharedmemory/region/r/register', {}), 501, /cudasharedmemory.*CUDA/],
    ['a log setting', () => post('/v2/logging', { log_info: false }), 501, /log_info/],
    ['a log setting of another type', () => post('/v2/logging', { log_info: 'no' }), 400, /log_info must be/],
    ['a log setting that is none', () => post('/v2/logging', { bogus: 1 }), 400, /bogus is not known/],
    ['a trace setting', () => post('/v2/trace/setting', { trace_rate: '5' }), 501, /trace_rate/],
    [
      'a trace setting of another type',
      () => post('/v2/models/m/trace/setting', { trace_rate: [{}] }),
      400,
      /trace_rate must be a text/,
    ],
    [
      'trace settings of a model that is not there',
      () => ask('/v2/models/missing/trace/setting'),
      404,
      /missing/,
    ],
    ['a change of them', () => post('/v2/models/missing/trace/setting', {}), 404, /missing/],
    ['a model without a name', () => ask('/v2/models//config'), 400, /name is empty/],
    ['loading without a name', () => post('/v2/repository/models//load', {}), 400, /model_name is empty/],
    [
      'a sequence',
      () => post('/v2/models/m/infer', inJson({ parameters: { sequence_id: 7 } })),
      501,
      /parameters\.sequence_id/,
    ],
    ['text generation', () => post('/v2/models/m/generate', {}), 501, /generate/],
    ['an unknown call', () => ask('/v2/nothing'), 501, /GET \/v2\/nothing/],
    ['an unknown address', () => ask('/nothing'), 404, /GET \/nothing/],
    [
      'a body over the limit',
      () => ask('/v2/models/m/infer', { method: 'POST', body: new Uint8Array(5 * 2 ** 20) }),
      413,
      /4194304/,
    ],
  ])('refuses %s by name', async (_, call, status, message) => {
    const answer = await call();
    const { error } = answer.json as { readonly error: string | { readonly message: string } };
    expect([answer.status, typeof error === 'string' ? error : error.message]).toEqual([
      status,
      expect.stringMatching(message),
    ]);
  });
});
