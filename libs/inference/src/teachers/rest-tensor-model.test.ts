import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { openRestTensorModel } from './rest-tensor-model.ts';
import type { TensorModel } from './tensor-model.ts';

const METADATA = {
  name: 'm',
  platform: 'plain',
  inputs: [{ name: 'pixels', datatype: 'FP32', shape: ['-1', 3, -1, -1] }],
  outputs: [{ name: 'boxes', datatype: 'FP32', shape: [-1, 4] }],
};
const input = {
  name: 'pixels',
  tensor: { datatype: 'FP32', shape: [1, 3, 1, 1], values: Float32Array.of(1, 2, 0.5) },
};

interface Asked {
  readonly url: string;
  readonly length: string | undefined;
  readonly body: Buffer;
}
interface Told {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string | Buffer;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server with the protocol's extensions or without; `infer` answers what a test wants. */
async function serving(
  infer: (asked: Asked) => Told,
  { extensions, metadata = METADATA }: { extensions?: string[]; metadata?: object } = {},
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      const length = headers['inference-header-content-length']?.toString();
      const told: Told = url.endsWith('/infer')
        ? infer({ url, length, body: Buffer.concat(chunks) })
        : { body: JSON.stringify(url === '/v2' ? { name: 'x', version: '1', extensions } : metadata) };
      response.writeHead(told.status ?? 200, told.headers).end(told.body);
    });
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = (address: string, version = ''): Promise<TensorModel> =>
  openRestTensorModel({ address, model: 'team/m', version });

describe('a model behind the Open Inference Protocol over HTTP', () => {
  it('gets and gives JSON where its server has no extension, flat or nested', async () => {
    let asked: Asked | undefined;
    const address = await serving((request) => {
      asked = request;
      const boxes = [
        [0, 1, 2, 3],
        [4, 5, 6.5, 7],
      ];
      const outputs = [
        { name: 'boxes', datatype: 'FP32', shape: [2, 4], data: boxes },
        { name: 'ids', datatype: 'INT64', shape: [2], data: [7, 8] },
      ];
      return { body: JSON.stringify({ model_name: 'm', outputs }) };
    });
    const model = await open(`${address}/`, '2');
    expect(model.inputs).toEqual([{ name: 'pixels', datatype: 'FP32', shape: [-1, 3, -1, -1] }]);
    const outputs = await model.run(input, ['boxes', 'ids']);
    expect(asked!.url).toBe('/v2/models/team/m/versions/2/infer');
    expect(JSON.parse(asked!.body.toString())).toEqual({
      inputs: [{ name: 'pixels', datatype: 'FP32', shape: [1, 3, 1, 1], data: [1, 2, 0.5] }],
      outputs: [{ name: 'boxes' }, { name: 'ids' }],
    });
    expect(outputs.get('boxes')!.values).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5, 6.5, 7));
    expect(outputs.get('ids')!.values).toEqual(BigInt64Array.of(7n, 8n));
  });

  it('gets and gives bytes behind the JSON where its server can', async () => {
    let asked: Asked | undefined;
    const address = await serving(
      (request) => {
        asked = request;
        const boxes = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
        const json = Buffer.from(
          JSON.stringify({
            outputs: [
              { name: 'ids', datatype: 'INT32', shape: [1], data: [9] },
              { name: 'boxes', datatype: 'FP32', shape: [1, 4], parameters: { binary_data_size: 16 } },
            ],
          }),
        );
        return {
          headers: { 'inference-header-content-length': String(json.length) },
          body: Buffer.concat([json, boxes]),
        };
      },
      { extensions: ['binary_tensor_data'] },
    );
    const outputs = await (await open(address)).run(input, ['boxes']);
    const end = Number(asked!.length);
    expect(JSON.parse(asked!.body.subarray(0, end).toString())).toEqual({
      inputs: [
        { name: 'pixels', datatype: 'FP32', shape: [1, 3, 1, 1], parameters: { binary_data_size: 12 } },
      ],
      outputs: [{ name: 'boxes', parameters: { binary_data: true } }],
    });
    expect(new Float32Array(new Uint8Array(asked!.body.subarray(end)).buffer)).toEqual(
      Float32Array.of(1, 2, 0.5),
    );
    expect(outputs.get('boxes')!.values).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(outputs.get('ids')!.values).toEqual(Int32Array.of(9));
  });

  const output = (more: object): string =>
    JSON.stringify({ outputs: [{ name: 'boxes', datatype: 'FP32', shape: [1, 4], ...more }] });
  it.each([
    ['says why', { status: 400, body: '{"error":"no such input"}' }, 'INVALID_ARGUMENT', /400 no such input/],
    ['is overloaded', { status: 503, body: 'later' }, 'UNAVAILABLE', /503 later/],
    ['falls over', { status: 500, body: '' }, 'INTERNAL', /500/],
    ['answers no JSON', { body: '<html>' }, 'FAILED_PRECONDITION', /the answer is not JSON/],
    ['answers something else', { body: '{}' }, 'FAILED_PRECONDITION', /answer's outputs/],
    ['gives too little', { body: output({ data: [1, 2] }) }, 'FAILED_PRECONDITION', /came with 2 values/],
    [
      'cuts its bytes off',
      { body: output({ parameters: { binary_data_size: 16 } }) },
      'DATA_LOSS',
      /binary_data_size 16, 0 bytes are left/,
    ],
    [
      'gives another type',
      { body: output({ datatype: 'FP16' }) },
      'FAILED_PRECONDITION',
      /is FP16, which is not read/,
    ],
    [
      'leads elsewhere',
      { status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' },
      'UNAVAILABLE',
      /cannot be asked/,
    ],
  ] as const)('fails by its code when the server %s', async (_, told, code, message) => {
    const model = await open(await serving(() => told));
    await expect(model.run(input, ['boxes'])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('takes no files where they cannot be sent', async () => {
    const metadata = { ...METADATA, inputs: [{ name: 'files', datatype: 'BYTES', shape: [-1] }] };
    const model = await open(await serving(() => ({ body: '{}' }), { metadata }));
    const tensor = { datatype: 'BYTES', shape: [1], values: [Buffer.from('png')] };
    await expect(model.run({ name: 'files', tensor }, ['boxes'])).rejects.toThrow(/no binary_tensor_data/);
  });
});
