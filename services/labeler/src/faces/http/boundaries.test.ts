import { rm, writeFile } from 'node:fs/promises';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundaryBodies } from './boundary-bodies.fixture.ts';
import { serveNoOp, type TestServer } from '../open-inference/serve-no-op.fixture.ts';

const image = Buffer.from(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) })).toString(
  'base64',
);
const XML = '<View><Image name="i" value="$image"/><RectangleLabels name="l" toName="i"/></View>';

/** Of POSIX shared memory, which is a file for Linux. */
const SHARED = `cassl-boundaries-${process.pid}`;
const SHARED_FILE = `/dev/shm/${SHARED}`;

/** Bodies that are right, of every route that takes JSON. */
const ROUTES: Readonly<Record<string, object>> = {
  '/v2/models/m/infer': {
    id: 'a',
    parameters: { threshold: 0.3, max_detections: 5, non_overlap: true, priority: 3, timeout: 9_000_000 },
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], parameters: {}, data: [image] }],
    outputs: [{ name: 'boxes', parameters: { binary_data: true } }],
  },
  '/v2/models/m:classes/infer': {
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [1, 1], data: [[image]] }],
    outputs: [{ name: 'classes', parameters: { classification: 1 } }],
  },
  '/v2/models/n/infer': {
    inputs: [{ name: 'pixels', datatype: 'UINT8', shape: [1, 1, 1, 3], data: [[[[1, 2, 3]]]] }],
  },
  '/v2/repository/index': { ready: true },
  '/v2/repository/models/k/load': { parameters: {} },
  '/v2/trace/setting': { trace_level: ['OFF'], trace_rate: '0' },
  '/v2/models/m/trace/setting': { log_frequency: '0' },
  '/v2/logging': { log_info: true, log_verbose_level: 0, log_format: 'default' },
  '/v2/systemsharedmemory/region/r/register': { key: SHARED, offset: 0, byte_size: 8 },
  '/v2/cudasharedmemory/region/r/register': { raw_handle: { b64: 'YQ==' }, device_id: 0, byte_size: 8 },
  '/api/function_invocations': { image, threshold: 0.4 },
  '/': { images: [image, image], threshold: null },
  '/label-studio/m/predict': {
    tasks: [{ id: 1, data: { image: `data:image/png;base64,${image}` } }],
    label_config: XML,
    params: { context: null },
  },
  '/label-studio/setup': { project: '1', schema: XML, hostname: 'h', access_token: 't' },
  '/label-studio/validate': { config: XML },
};

let test: TestServer;
beforeAll(async () => {
  await writeFile(SHARED_FILE, Buffer.alloc(64));
  test = await serveNoOp({}, { CASSL_SHARED_MEMORY: 'system', CASSL_PINNED_MODELS: 'm' });
});
afterAll(async () => {
  await test.stop();
  await rm(SHARED_FILE, { force: true });
});

async function post(
  path: string,
  body: string | Buffer | FormData | null,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(test.http.url + path, {
    method: 'POST',
    body,
    headers: { 'x-nuclio-function-name': 'm', ...headers },
    signal: AbortSignal.timeout(60_000),
  });
  return { status: answer.status, text: (await answer.text()).slice(0, 500) };
}

/** What an answer to a wrong request must not be: our fault, or a refusal that names nothing. */
function faultOf({ status, text }: { status: number; text: string }, names: readonly string[]): string[] {
  const isDocumented = [501, 503].includes(status) || (status === 504 && names.includes('timeout'));
  if (status >= 500 && !isDocumented) return [`${status} ${text}`];
  if (status === 400 && !names.some((name) => text.includes(name)))
    return [`${status} names nothing: ${text}`];
  return [];
}

describe('every field of every JSON body, at its bounds and beyond', () => {
  it.each(Object.entries(ROUTES))(
    '%s is answered: no fault of the service, and what is refused is named',
    async (path, right) => {
      const wrong: string[] = [];
      let count = 0;
      for (const { what, body, names } of boundaryBodies(right)) {
        const found = faultOf(await post(path, body), names);
        wrong.push(...found.map((fault) => `${what}: ${fault}`));
        count += 1;
      }
      expect(wrong).toEqual([]);
      expect(count).toBeGreaterThan(10);
    },
    120_000,
  );
});

// Without the model: here every name has one, and each would be loaded.
const QUERY = ['threshold', 'max_detections', 'masks', 'non_overlap', 'priority', 'draw', 'stranger'];
const TEXTS = [
  '-1',
  '1.5',
  '1e308',
  'NaN',
  'Infinity',
  '0x10',
  'a b',
  '%00',
  '../x',
  'x'.repeat(1500),
  '[]',
  ' ',
];

describe('/v1/detect, at its bounds and beyond', () => {
  const png = Buffer.from(image, 'base64');

  it('names the wish that is wrong, in its address and in a form', async () => {
    const wrong: string[] = [];
    for (const name of QUERY)
      for (const text of TEXTS) {
        const address = `/v1/detect?${name}=${encodeURIComponent(text)}`;
        const form = new FormData();
        form.set('image', new Blob([png]));
        form.set(name, text);
        for (const answer of [await post(address, png), await post('/v1/detect', form)])
          wrong.push(...faultOf(answer, [name]).map((fault) => `${name}=${text.slice(0, 20)}: ${fault}`));
      }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('refuses forms that are none, or hold another file than one image', async () => {
    const boundary = { 'content-type': 'multipart/form-data; boundary=b' };
    const part = (head: string, body: string): string => `--b\r\n${head}\r\n\r\n${body}\r\n`;
    const forms = [
      ['', boundary],
      ['--b--', boundary],
      [part('content-disposition: form-data', 'x'), boundary],
      [`${part('content-disposition: form-data; name="image"', 'text')}--b--`, boundary],
      [`${part('content-disposition: form-data; name="__proto__"; filename="a"', 'x')}--b--`, boundary],
      [`${part('content-disposition: form-data; name="image"; filename="a"', '')}--b--`, boundary],
      ['x', { 'content-type': 'multipart/form-data' }],
      ['x', { 'content-type': 'multipart/form-data; boundary=' }],
      ['x', { 'content-type': `multipart/form-data; boundary=${'b'.repeat(3000)}` }],
    ] as const;
    for (const [body, headers] of forms) {
      const { status, text } = await post('/v1/detect', body, headers);
      expect([status, text]).toEqual([400, expect.stringMatching(/image|body/)]);
    }
  });
});

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'content-type': ['', ';;;', 'text/plain; charset=utf-7', 'application/json; charset=x', 'a'.repeat(4000)],
  'content-encoding': ['gzip', 'br', 'deflate', 'x-what', 'gzip, gzip', 'identity', ' '],
  'inference-header-content-length': ['0', '-1', '1.5', 'x', '99999999999999999999', '0x10', '5'],
  'x-cassl-timeout-ms': ['0', '-1', 'x', 'NaN', 'Infinity', '1e999', '999999999999'],
  'x-cassl-canary': ['', 'x'.repeat(4000), '%00'],
  'x-call-id': ['', ' ', 'x'.repeat(4000), '../'],
  'x-nuclio-function-name': ['', '../x', '__proto__', 'x'.repeat(4000)],
  accept: ['', ';', 'image/png;q=x', '*'.repeat(4000)],
  'accept-encoding': ['', 'gzip;q=x', '__proto__', 'constructor', 'br, gzip'],
  authorization: ['', 'Bearer', 'Basic !!', 'Negotiate a', 'Bearer '.repeat(500)],
  traceparent: ['', '00-x', 'x'.repeat(4000)],
  range: ['bytes=5-2', 'lines=1'],
};

describe('every header, odd, and every route without a body', () => {
  it('is answered without a fault of the service', async () => {
    const wrong: string[] = [];
    for (const [path, right] of Object.entries({ ...ROUTES, '/v1/detect': {} })) {
      for (const body of [null, '', ' ', '\0', '[]'])
        wrong.push(
          ...faultOf(await post(path, body), ['']).map((fault) => `${path} ${String(body)}: ${fault}`),
        );
      for (const [name, values] of Object.entries(HEADERS))
        for (const value of values) {
          const answer = await post(path, JSON.stringify(right), { [name]: value });
          wrong.push(
            ...faultOf(answer, ['']).map((fault) => `${path} ${name}: ${value.slice(0, 20)}: ${fault}`),
          );
        }
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});
