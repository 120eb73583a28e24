import { Agent, request as send, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { damage } from './damage.ts';
import type { FuzzTarget, Outcome } from './fuzz-target.ts';
import { hostileText } from './hostile-message.ts';
import type { Random } from './random.ts';

/** Routes of the labeler's faces and of the registry's views; `*` is a text of someone else. */
const ROUTES: Readonly<Record<'labeler' | 'registry', readonly string[]>> = {
  labeler: [
    '/',
    '/openapi.json',
    '/metrics',
    '/v1/detect?model=*&threshold=*&masks=*',
    '/v2',
    '/v2/health/ready',
    '/v2/models/*',
    '/v2/models/*/ready',
    '/v2/models/*/config',
    '/v2/models/*/stats',
    '/v2/models/*/versions/*/infer',
    '/v2/models/*/infer',
    '/v2/models/stats',
    '/v2/repository/index',
    '/v2/repository/models/*/load',
    '/v2/repository/models/*/unload',
    '/v2/trace/setting',
    '/v2/logging',
    '/v2/systemsharedmemory/status',
    '/v2/systemsharedmemory/region/*/register',
    '/v2/cudasharedmemory/region/*/register',
    '/v2/systemsharedmemory/region/*/unregister',
    '/api/functions',
    '/api/functions/*',
    '/api/function_invocations',
    '/label-studio/*/predict',
    '/label-studio/setup',
    '/label-studio/validate',
    '/label-studio/health',
  ],
  registry: [
    '/v1/checkpoints/*',
    '/v1/checkpoints/*?for=*',
    '/v1/checkpoints/*/file?for=*&container=*',
    '/v1/checkpoints/*/for/*/*',
    '/v1/checkpoints/*/for/onnx/model.onnx?outputs=*',
    '/v1/checkpoints/*/tfjs/model.json',
    '/v1/checkpoints/*/tfjs/*',
    '/api/models?search=*&limit=*&cursor=*',
    '/api/models/*',
    '/api/models/*/revision/*',
    '/api/models/*/tree/*',
    '/*/resolve/*/*',
    '/v2/',
    '/v2/*/manifests/*',
    '/v2/*/blobs/*',
    '/v2/*/tags/list?n=*&last=*',
    '/v2/_catalog?n=*',
    '/modelpack/*',
    '/*',
  ],
};
const METHODS = ['GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;
const LIMIT_MS = 120_000;
/** Answers of a server that has a fault, or none at all. */
const isFault = (status: number): boolean => status >= 500 && status !== 501 && status !== 503;

export interface HttpTargetOptions {
  /** `http://host:port` */
  readonly urls: Readonly<Record<'labeler' | 'registry', string>>;
  /** Names of what exists, for half of the places of a path. */
  readonly texts?: readonly string[];
  readonly images: readonly Uint8Array[];
}

/** Random routes of both HTTP ports with hostile paths, headers and bodies. */
export function httpTarget({ urls, texts = [], images }: HttpTargetOptions): FuzzTarget {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    name: 'http',
    run(random) {
      const port = random.next() < 0.7 ? 'labeler' : 'registry';
      const path = random.pick(ROUTES[port]).replaceAll('*', () => placeText(random, texts));
      const method = random.pick(METHODS);
      const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(random, texts, images);
      const headers = headersOf(random, body);
      return exchange(agent, new URL(urls[port]), { method, path, headers, body });
    },
    close: () => agent.destroy(),
  };
}

function placeText(random: Random, texts: readonly string[]): string {
  // Longer ones than a header may have are cut: the parser of HTTP answers those itself.
  const text = hostileText(random, texts).slice(0, 2000);
  if (random.next() < 0.2)
    return random.pick(['%', '%zz', '%00', '%2e%2e%2f', '..', '%ff', '//', ';', ':latest', '@sha256:0']);
  return random.next() < 0.3 ? encodeURIComponent(text.toWellFormed()) : encodeURI(text.toWellFormed());
}

const JSON_BODIES: readonly object[] = [
  { image: 'IMAGE', threshold: 0.5 },
  { images: ['IMAGE', 'IMAGE'] },
  { tasks: [{ data: { image: 'http://127.0.0.1:1/a.jpg' } }], label_config: '<View/>' },
  { schema: '<View><Image name="i" value="$image"/></View>', project: '1' },
  { config: '<View><RectangleLabels name="l" toName="i"/></View>' },
  {
    id: '1',
    inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['IMAGE'] }],
    outputs: [{ name: 'boxes', parameters: { binary_data: true } }],
    parameters: { threshold: 0.2, priority: 1 },
  },
  { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 20 } }] },
  { key: 'a', offset: 0, byte_size: 64 },
  { trace_level: ['OFF'], log_verbose_level: 1 },
];

function bodyOf(random: Random, texts: readonly string[], images: readonly Uint8Array[]): Buffer {
  const image = (): Buffer => damage(random, random.pick(images));
  switch (random.below(6)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return image();
    case 2:
      return Buffer.from(hostileText(random, texts).slice(0, 5000));
    case 3:
      return Buffer.concat([
        Buffer.from('--b\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'),
        image(),
        Buffer.from(random.next() < 0.5 ? '\r\n--b--\r\n' : ''),
      ]);
    default: {
      const text = JSON.stringify(random.pick(JSON_BODIES)).replaceAll('IMAGE', () =>
        image().toString('base64'),
      );
      return random.next() < 0.5 ? Buffer.from(text) : damage(random, Buffer.from(text));
    }
  }
}

function headersOf(random: Random, body: Buffer | undefined): Record<string, string> {
  const some = <T>(share: number, values: readonly T[]): T | undefined =>
    random.next() < share ? random.pick(values) : undefined;
  const headers = {
    'content-type': some(0.8, [
      'application/json',
      'image/png',
      'multipart/form-data; boundary=b',
      'application/octet-stream',
      'text/plain; charset=utf-7',
      ';;;',
    ]),
    'content-encoding': body === undefined ? undefined : some(0.1, ['gzip', 'br', 'deflate', 'x-what']),
    'inference-header-content-length': some(0.2, ['0', '10', '-1', '99999999999', 'x', '40']),
    'x-nuclio-function-name': some(0.3, ['fuzz-model', '../x', '']),
    'x-cassl-timeout-ms': some(0.1, ['1', '-1', '1e9', 'x', '50']),
    'x-call-id': some(0.1, ['a', ' ', 'x'.repeat(500)]),
    range: some(0.2, [
      'bytes=0-',
      'bytes=5-2',
      'bytes=-1',
      'bytes=0-0,2-3',
      'lines=1',
      'bytes=99999999999999999999-',
    ]),
    accept: some(0.3, ['*/*', 'image/png', 'text/html', 'application/vnd.oci.image.manifest.v1+json', ';']),
    authorization: some(0.1, ['Bearer x', 'Basic !!', 'Basic', 'Negotiate a']),
    'if-none-match': some(0.1, ['*', '"x"', 'W/"']),
  };
  return Object.fromEntries(Object.entries(headers).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
}

function exchange(agent: Agent, { hostname, port }: URL, asked: Exchange): Promise<Outcome> {
  const { method, path, headers, body } = asked;
  const zipped = headers['content-encoding'] === 'gzip' && body !== undefined ? gzipSync(body) : body;
  const what = `${method} ${path.slice(0, 200)} ${JSON.stringify(headers)} ${body?.subarray(0, 300).toString('base64') ?? ''}`;
  return new Promise((resolve) => {
    const length = zipped === undefined ? {} : { 'content-length': zipped.length };
    const call = send({ agent, hostname, port, method, path, headers: { ...headers, ...length } });
    const timer = setTimeout(() => {
      resolve({ code: 'no answer', wrong: `no answer in ${LIMIT_MS} ms to ${what}` });
      call.destroy();
    }, LIMIT_MS);
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    call.on('error', (error) => end({ code: 'broken off', wrong: `${error.message} for ${what}` }));
    call.on('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.length < 4 && parts.push(part));
      response.on('error', (error) => end({ code: 'broken off', wrong: `${error.message} for ${what}` }));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8').slice(0, 300);
        end({ code: String(status), ...(isFault(status) ? { wrong: `${status} ${text} for ${what}` } : {}) });
      });
    });
    call.end(zipped);
  });
}
