import { float32Tensor } from '@cassl/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startViews, type TestViews } from './start-views.fixture.ts';

let test: TestViews;
let digest = '';
beforeAll(async () => {
  test = await startViews();
  ({ digest } = await test.publish(
    new Map([['backbone.bottom_up.conv1.weight', float32Tensor([8, 3, 7, 7], new Float32Array(1176))]]),
    { aliases: ['shop/prod'] },
  ));
});
afterAll(() => test.stop());

const TEXTS = [
  ...['', '-1', '1.5', '1e308', 'NaN', 'Infinity', '0', '99999999999999999999', '0x10', ' ', 'null'],
  ...[
    '%00',
    '%',
    '%zz',
    '%ff',
    '..',
    '../x',
    '%2e%2e%2f',
    'a%0Ab',
    '__proto__',
    'constructor',
    'x'.repeat(1500),
    ';',
    '[]',
  ],
];

/** `*` stands for each of TEXTS; the query's names in their turn. */
const PATHS = (sha: string): readonly string[] => [
  ...['/*', '/v1/checkpoints/*', '/v1/checkpoints/shop%2Fprod?for=*', `/v1/checkpoints/${sha}/file?for=*`],
  ...[
    `/v1/checkpoints/${sha}/file?container=*`,
    `/v1/checkpoints/${sha}/for/*/x`,
    `/v1/checkpoints/${sha}/for/onnx/model.onnx?outputs=*`,
  ],
  ...[
    `/v1/checkpoints/${sha}/tfjs/*`,
    '/api/models?search=*',
    '/api/models?limit=*',
    '/api/models?cursor=*',
    '/api/models/*',
  ],
  ...[
    '/api/models/shop/prod/revision/*',
    '/api/models/shop/prod/tree/*',
    '/shop/prod/resolve/*/model.safetensors',
    '/shop/prod/resolve/main/*',
  ],
  ...[
    '/v2/*/manifests/latest',
    '/v2/shop/prod/manifests/*',
    '/v2/shop/prod/blobs/*',
    '/v2/shop/prod/tags/list?n=*',
    '/v2/shop/prod/tags/list?last=*',
  ],
  ...['/v2/_catalog?n=*', '/v2/_catalog?last=*', '/modelpack/*'],
];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  range: [
    'bytes=',
    'bytes=5-2',
    'bytes=-0',
    'bytes=-1',
    'bytes=0-0,2-3',
    'lines=1',
    'bytes=99999999999999999999-',
    'bytes=a-b',
  ],
  accept: ['', ';', '*/*;q=x', 'application/vnd.oci.image.manifest.v1+json', '__proto__'],
  'accept-encoding': ['__proto__', 'constructor', 'gzip;q=x', 'br'],
  'if-none-match': ['*', '"x"', 'W/"', ''],
  'if-range': ['"x"', 'x'],
  authorization: ['Bearer', 'Basic !!', 'Negotiate a', ''],
  'content-encoding': ['__proto__', 'gzip'],
  'x-call-id': ['', ' ', 'x'.repeat(4000)],
};
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const isFault = (status: number): boolean => status >= 500 && ![501, 503].includes(status);

describe('every address of the registry, at its bounds and beyond', () => {
  it('is answered without a fault of the service', async () => {
    const wrong: string[] = [];
    for (const path of PATHS(digest))
      for (const text of TEXTS) {
        const asked = path.replace('*', () => text);
        const answer = await test.get(asked, { redirect: 'manual' });
        const body = (await answer.text()).slice(0, 300);
        const name = /[?&](\w+)=\*/.exec(path)?.[1];
        const isNamed = name === undefined || body.includes(name);
        if (isFault(answer.status) || (answer.status === 400 && !isNamed))
          wrong.push(`${asked.slice(0, 120)}: ${answer.status} ${body}`);
      }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('is answered with odd headers and other verbs', async () => {
    const wrong: string[] = [];
    for (const path of PATHS(digest).map((one) => one.replace('*', 'latest'))) {
      const ways = [
        ...METHODS.map((method) => ({ method })),
        ...Object.entries(HEADERS).flatMap(([name, values]) =>
          values.map((value) => ({ headers: { [name]: value } })),
        ),
      ];
      for (const way of ways) {
        const answer = await test.get(path, { ...way, redirect: 'manual' });
        const body = (await answer.text()).slice(0, 300);
        if (isFault(answer.status))
          wrong.push(`${path} ${JSON.stringify(way).slice(0, 100)}: ${answer.status} ${body}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});
