import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { invalidArgument, notFound } from '@cassl/errors';
import { RegistryServiceDefinition, type RegistryServiceImplementation } from '@cassl/proto';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, createLogger, implement, serve } from './index.ts';
import type { RpcClient, RunningServer, ServiceContext } from './index.ts';

let server: RunningServer;
let client: RpcClient<RegistryServiceDefinition>;
let message = '';

beforeAll(async () => {
  const all = Object.keys(RegistryServiceDefinition.methods).map((key) => [key, () => Promise.resolve({})]);
  const implementation = {
    ...Object.fromEntries(all),
    getAlias: () => Promise.reject(notFound(message)),
    deleteCheckpoint: () => Promise.reject(invalidArgument('too long', { details: { field: message } })),
    async *watch() {
      yield await Promise.resolve({ change: { $case: 'deletedDigest', value: 'a' } });
      throw notFound(message);
    },
  } as unknown as RegistryServiceImplementation<ServiceContext>;
  const services = [implement(RegistryServiceDefinition, implementation)];
  server = await serve({ name: 'test', services, logger: createLogger({ name: 'test', level: 'silent' }) });
  client = createClient(RegistryServiceDefinition, server.address, { security: {} });
});
afterAll(async () => {
  client.close();
  await server.stop({ drainMs: 0 });
});

/** Cut where no character ends, and long in bytes, as other alphabets and emojis are. */
const TEXTS = [
  'half of a smile \ud83d',
  `${'x'.repeat(1999)}😀`,
  `${'y'.repeat(2000)}😀`,
  '😀'.repeat(2000),
  '字'.repeat(5000),
  'a\nb',
  'x'.repeat(3_000_000),
];

describe('the text of an error', () => {
  it.each(TEXTS.map((text) => [text.slice(0, 20), text]))('%j reaches the caller', async (_, text) => {
    message = text;
    const begin = [...text.toWellFormed()].slice(0, 10).join('');
    const fails = { code: 'NOT_FOUND', message: expect.stringContaining(begin) as string };
    await expect(client.getAlias({ alias: 'x' })).rejects.toMatchObject(fails);
    // With an answer before it, it leaves by another way.
    const read = async (): Promise<void> => {
      for await (const _ of client.watch({}, { deadlineMs: 20_000 })) continue;
    };
    await expect(read()).rejects.toMatchObject(fails);
  });

  it('fits into the trailers that clients take, with the name of its field, however long that is', async () => {
    for (const text of TEXTS) {
      message = text;
      for (const method of ['GetAlias', 'DeleteCheckpoint']) {
        const { metadata } = await rawCall(method, Buffer.alloc(0));
        const details = metadata.get('grpc-status-details-bin')[0]!.length;
        expect((details * 4) / 3).toBeLessThan(4096);
      }
    }
  });
});

describe('what is wrong with the bytes of a call', () => {
  it.each([
    ['a body that is no gzip', { 'grpc-encoding': 'gzip' }, Buffer.from('no gzip'), /decompress/],
    ['half of a gzip', { 'grpc-encoding': 'gzip' }, gzipSync(Buffer.alloc(99)).subarray(0, 15), /decompress/],
    ['a body that is no zlib', { 'grpc-encoding': 'deflate' }, Buffer.from('no zlib'), /decompress/],
  ])('is INVALID_ARGUMENT: %s', async (_, headers, body, reason) => {
    const { code, details } = await rawCall('GetAlias', body, { headers, isCompressed: true });
    expect([grpc.status[code], details]).toEqual([
      'INVALID_ARGUMENT',
      expect.stringMatching(reason) as string,
    ]);
  });
});

/** One call whose frame is made by hand. */
async function rawCall(
  method: string,
  body: Buffer,
  { headers = {}, isCompressed = false }: { headers?: Record<string, string>; isCompressed?: boolean } = {},
): Promise<{ code: grpc.status; details: string; metadata: grpc.Metadata }> {
  const session = connect(`http://${server.address}`);
  try {
    const call = session.request({
      ':method': 'POST',
      ':path': `/cassl.v1.RegistryService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const frame = Buffer.alloc(5);
    frame[0] = isCompressed ? 1 : 0;
    frame.writeUInt32BE(body.length, 1);
    call.end(Buffer.concat([frame, body]));
    return await new Promise((resolve, reject) => {
      const take = (received: object): void => {
        const metadata = grpc.Metadata.fromHttp2Headers(received as never);
        const [code] = metadata.get('grpc-status');
        const details = decodeURIComponent(String(metadata.get('grpc-message')[0] ?? ''));
        if (code !== undefined) resolve({ code: Number(code), details, metadata });
      };
      call.on('response', take);
      call.on('trailers', take);
      call.on('error', reject);
      call.resume();
    });
  } finally {
    session.close();
  }
}
