import { Agent, request as send, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { damage } from './damage.ts';
import type { FuzzTarget, Outcome } from './fuzz-target.ts';
import { hostileText } from './hostile-message.ts';
import { httpRoutes, type HttpService } from './http-routes.ts';
import type { Random } from './random.ts';

const METHODS = ['GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;
const LIMIT_MS = 120_000;
/** Of a stream of events the first that came is enough, and that nothing came for so long. */
const EVENTS_MS = 500;
/** Pages do not send every query each time. */
const QUERY_SHARE = 0.3;

export interface HttpTargetOptions {
  /** `http://host:port` */
  readonly urls: Readonly<Record<HttpService, string>>;
  /** Names of what exists, for half of the places of a path. */
  readonly texts?: readonly string[];
  readonly images: readonly Uint8Array[];
}

/** Answers of a server that has a fault; a 504 is right where the request named a time for its answer. */
function isFault(status: number, { headers, body }: Exchange): boolean {
  if (status === 504)
    return headers['x-cassl-timeout-ms'] === undefined && body?.includes('timeout') !== true;
  return status >= 500 && status !== 501 && status !== 503;
}

/** Random routes of all HTTP ports with hostile paths, headers and bodies. */
export async function httpTarget({ urls, texts = [], images }: HttpTargetOptions): Promise<FuzzTarget> {
  const routes = await httpRoutes();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    name: 'http',
    run(random) {
      const port = random.pick(['labeler', 'labeler', 'registry', 'console'] as const);
      const path = someQueries(random, random.pick(routes[port])).replaceAll('*', () =>
        placeText(random, texts),
      );
      const method = random.pick(METHODS);
      const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(random, texts, images);
      const headers = headersOf(random, body);
      return exchange(agent, new URL(urls[port]), { method, path, headers, body });
    },
    close: () => agent.destroy(),
  };
}

/** Of the long list that the console has, some; others have few, and keep them. */
function someQueries(random: Random, route: string): string {
  const [path = '', query] = route.split('?');
  const parts = query?.split('&') ?? [];
  const kept = parts.length > 5 ? parts.filter(() => random.next() < QUERY_SHARE) : parts;
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
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
    // Its pages send it with every change.
    'x-cassl-console': some(0.8, ['1']),
    cookie: some(0.1, ['cassl_token=x', 'cassl_token=%zz', 'cassl_sign_in=%7B%7D', ';']),
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
      const finish = (): void => {
        const text = Buffer.concat(parts).toString('utf8').slice(0, 300);
        const isWrong = isFault(status, asked) || text.includes('"code":"INTERNAL"');
        end({ code: String(status), ...(isWrong ? { wrong: `${status} ${text} for ${what}` } : {}) });
      };
      const leave = (): void => {
        finish();
        call.destroy();
      };
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
      if (isStream) setTimeout(leave, EVENTS_MS).unref();
      response.on('data', (part: Buffer) => {
        if (parts.length < 4) parts.push(part);
        if (isStream) leave();
      });
      response.on('error', (error) => end({ code: 'broken off', wrong: `${error.message} for ${what}` }));
      response.on('end', finish);
    });
    call.end(zipped);
  });
}
