import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DetectorServiceDefinition,
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
} from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answering } from './answering-platform.fixture.ts';
import { writeEvaluation } from './evaluation.fixture.ts';
import { writeTestSet } from './label-set.fixture.ts';
import { openConsole, type OpenConsole } from './open-console.fixture.ts';
import { ODD_TEXTS, rightQueries } from './query-texts.fixture.ts';

/** What the services behind it call what a query holds. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  set: ['label set', 'object key'],
  evaluation: ['id'],
  after: ['page_token'],
  name: ['alias'],
  checkpoint: ['reference', 'photo'],
};

const OWN = { 'x-cassl-console': '1' };

let folder: string;
let console: OpenConsole;
let queries: ReturnType<typeof rightQueries>;
let routes: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-console-bounds-'));
  queries = rightQueries({ set: await writeTestSet(folder, 20) });
  const job = await writeEvaluation(folder, 'dog');
  console = await openConsole([
    answering(EvaluatorServiceDefinition, { getEvaluation: () => Promise.resolve({ job }) }),
    answering(DetectorServiceDefinition, { detect: () => Promise.resolve({ detections: {} }) }),
    ...[LabelerServiceDefinition, RegistryServiceDefinition].map((one) => answering(one)),
    ...[PipelineServiceDefinition, TrainerServiceDefinition].map((one) => answering(one)),
  ]);
  await mkdir(join(console.home, 'logs'));
  await writeFile(join(console.home, 'logs', 'trainer.log'), '{"job":"a","msg":"b"}\n');
  routes = [...new Set(console.routes)].filter((route) =>
    /^(GET|POST|DELETE) \/(api\/|\*$|assets)/.test(route),
  );
});
afterAll(async () => {
  await console?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** As a client that keeps no rules: `fetch` would mend the address. Of events only the first is waited for. */
function ask(
  method: string,
  path: string,
  {
    headers = OWN,
    body,
  }: { readonly headers?: Record<string, string>; readonly body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(console.url);
    const call = send({ hostname, port, method, path, headers, timeout: 60_000 });
    call.on('timeout', () => call.destroy(new Error('no answer for a minute')));
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      const end = (): void => resolve({ status: response.statusCode ?? 0, text: text.slice(0, 500) });
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (response.headers['content-type'] !== 'text/event-stream' || !text.includes('\n\n')) return;
        end();
        call.destroy();
      });
      response.on('end', end).on('error', end);
    });
    call.end(body);
  });
}

/** What an answer to a wrong request must not be: our fault, or a refusal that names nothing. */
function faultOf({ status, text }: Answer, names: readonly string[]): string[] {
  if (status === 400 && text === '') return ['400 without a word'];
  if (status >= 500 || text.includes('"INTERNAL"')) return [`${status} ${text}`];
  if (status === 400 && !names.some((name) => text.includes(name)))
    return [`${status} names nothing: ${text}`];
  return [];
}

const addressOf = (path: string, query: Readonly<Record<string, string>>): string =>
  `${path.replaceAll(/:\w+/g, 'a')}?${new URLSearchParams(query).toString()}`;

describe('every query of every route of the console, at its bounds and beyond', () => {
  it('is of a route that there is, and answered when it is right', async () => {
    expect(Object.keys(queries).filter((route) => !routes.includes(route))).toEqual([]);
    for (const [route, query] of Object.entries(queries)) {
      const [method = '', path = ''] = route.split(' ');
      const answer = await ask(method, addressOf(path, query), { body: method === 'POST' ? 'photo' : '' });
      expect([200, 302], `${route}: ${answer.text}`).toContain(answer.status);
    }
  }, 120_000);

  it('is answered: no fault of the console, and what is refused is named', async () => {
    const wrong: string[] = [];
    for (const [route, query] of Object.entries(queries)) {
      const [method = '', path = ''] = route.split(' ');
      for (const name of Object.keys(query))
        for (const text of ODD_TEXTS) {
          const answer = await ask(method, addressOf(path, { ...query, [name]: text }));
          const names = [name, ...(OTHER_NAMES[name] ?? [])];
          wrong.push(
            ...faultOf(answer, names).map((fault) => `${route} ${name}=${text.slice(0, 20)}: ${fault}`),
          );
        }
    }
    expect(wrong).toEqual([]);
  }, 600_000);

  it('is not read as another than it is written', async () => {
    const read = async (route: string, name: string, text: string): Promise<number> => {
      const [method = '', path = ''] = route.split(' ');
      return (await ask(method, addressOf(path, { ...queries[route], [name]: text }))).status;
    };
    const NUMBERS: Readonly<Record<string, readonly string[]>> = {
      'GET /api/pipelines/events': ['most'],
      'GET /api/label-sets/of-evaluation': ['above'],
      'GET /api/label-sets/images': [
        'from',
        'count',
        'minScore',
        'maxScore',
        'minSize',
        'maxSize',
        'category',
      ],
      'GET /api/label-sets/picture': ['at', 'size'],
    };
    for (const [route, names] of Object.entries(NUMBERS))
      for (const name of names)
        for (const text of [' ', '0x1', '0b1', ' 1', '1 ', 'true', '+1'])
          expect(await read(route, name, text), `${route} ${name}=${text}`).toBe(400);
    for (const text of ['yes', '2', 'true', 'on'])
      expect(await read('GET /api/label-sets/images', 'masks', text), text).toBe(400);
  }, 120_000);
});

describe('every place in the path of every route', () => {
  it('takes any text, encoded or not, without a fault of the console', async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      if (!/:\w+|\*/.test(path)) continue;
      const encoded = ODD_TEXTS.map((text) => encodeURIComponent(text));
      for (const text of [...encoded, '%', '%zz', '%ff', '%2e%2e%2fx', '..', '//', ';', 'a?b', '[', '\\']) {
        const answer = await ask(method, path.replaceAll(/:\w+|\*/g, text));
        wrong.push(...faultOf(answer, ['']).map((fault) => `${route} at ${text.slice(0, 20)}: ${fault}`));
      }
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  host: [
    '',
    ' ',
    'x',
    'a b',
    'localhost:99999',
    '127.0.0.1:x',
    '[::1',
    '[::1]',
    'user@127.0.0.1',
    '127.0.0.1/x',
    '%',
  ],
  cookie: [
    '',
    ';',
    'cassl_token=',
    'cassl_token=%',
    'cassl_token=%zz',
    'cassl_token="',
    'cassl_sign_in=%7B',
    'x=1; '.repeat(500),
  ],
  authorization: ['', 'Bearer', 'Basic !!', 'Negotiate a', 'Bearer '.repeat(500), 'Bearer \u00ff'],
  'content-type': ['', ';;;', 'text/plain; charset=utf-7', 'multipart/form-data', 'a'.repeat(4000)],
  'content-encoding': ['gzip', 'x-what', ' '],
  'sec-fetch-site': ['', 'cross-site', 'none', 'x'],
  'x-forwarded-proto': ['', 'https', 'ftp', 'x, y'],
  accept: ['', ';', '*'.repeat(4000)],
  'accept-encoding': ['', 'br;q=x', '__proto__'],
  'if-none-match': ['*', '"x"', 'W/"'],
  'last-event-id': ['', 'x'.repeat(4000)],
  range: ['bytes=5-2', 'lines=1'],
  traceparent: ['', '00-x'],
};

describe('every header, odd, and every method', () => {
  it('is answered without a fault of the console', async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const address = addressOf(path.replace('*', ''), queries[route] ?? {});
      for (const other of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
        wrong.push(...faultOf(await ask(other, address), ['']).map((fault) => `${other} ${path}: ${fault}`));
      for (const [name, values] of Object.entries(HEADERS))
        for (const value of values) {
          const answer = await ask(method, address, { headers: { ...OWN, [name]: value } });
          wrong.push(
            ...faultOf(answer, ['']).map((fault) => `${route} ${name}: ${value.slice(0, 20)}: ${fault}`),
          );
        }
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});

describe('bodies', () => {
  const BODIES = [
    '',
    ' ',
    '\0',
    '[]',
    'null',
    '{}',
    '{"token":',
    '{"token":1}',
    '{"token":{"a":1}}',
    '{"token":"a b"}',
  ].concat([
    '{"__proto__":{"token":"a"}}',
    '['.repeat(20_000),
    `{"token":"${'x'.repeat(9000)}"}`,
    'x'.repeat(70_000),
  ]);

  it('that hold no token sign nobody in, and say why', async () => {
    for (const body of BODIES) {
      const { status, text } = await ask('POST', '/api/session', { body });
      expect([400, 401, 413], `${body.slice(0, 30)}: ${text}`).toContain(status);
      expect(text).toMatch(/token|body/);
    }
  });

  it('that are no photo, or are said to have another length, are refused by what is wrong with them', async () => {
    const chunked = { ...OWN, 'transfer-encoding': 'chunked' };
    const path = '/api/try?checkpoint=demo/a';
    expect(await ask('POST', path, { headers: chunked, body: 'photo' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('the photo must have 1 to 33554432 bytes, got no content-length'),
    });
    expect(await ask('POST', path, { headers: { ...OWN, 'content-length': '0' } })).toMatchObject({
      status: 400,
      text: expect.stringContaining('the photo must have 1 to'),
    });
  });
});
