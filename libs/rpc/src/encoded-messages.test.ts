import { once } from 'node:events';
import { connect } from 'node:http2';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dataLoss } from '@cassl/errors';
import {
  DownloadCheckpointRequest,
  DownloadCheckpointResponse,
  RegistryServiceDefinition,
} from '@cassl/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, type RpcClient } from './create-client.ts';
import { encodedMessages } from './encoded-messages.ts';
import { implement, serve, type RunningServer } from './serve.ts';

const MIB = 2 ** 20;
const DOWNLOADS = {
  ...RegistryServiceDefinition,
  methods: { downloadCheckpoint: RegistryServiceDefinition.methods.downloadCheckpoint },
};
type Write = (sink: Writable) => Promise<void>;

describe('messages that are encoded as their bytes come', () => {
  let server: RunningServer;
  let client: RpcClient<RegistryServiceDefinition>;

  afterEach(async () => {
    client.close();
    await server.stop({ drainMs: 1_000 });
  });

  async function open(write: Write): Promise<void> {
    const head = (bytes: number): Uint8Array =>
      DownloadCheckpointResponse.encode(DownloadCheckpointResponse.fromPartial({ offset: 300 }))
        .uint32(18)
        .uint32(bytes)
        .finish();
    const service = implement(DOWNLOADS, {
      async *downloadCheckpoint(_, { signal }) {
        yield { digest: 'first' };
        yield* encodedMessages<Partial<DownloadCheckpointResponse>>({ head, write, signal });
        yield { digest: 'last' };
      },
    });
    server = await serve({ name: 'test', services: [service] });
    client = createClient(RegistryServiceDefinition, server.address, { security: {} });
  }

  async function pull(): Promise<DownloadCheckpointResponse[]> {
    const got: DownloadCheckpointResponse[] = [];
    for await (const message of client.downloadCheckpoint({ reference: 'any' }, { deadlineMs: 10_000 }))
      got.push(message);
    return got;
  }

  it('arrive whole, in order, between messages of the usual way, cut at 1 MiB', async () => {
    const parts = [1, MIB, 3 * MIB + 7].map((size, at) => Buffer.alloc(size, at + 1));
    await open(async (sink) => pipeline(Readable.from(parts), sink));
    const got = await pull();
    expect(got.at(0)?.digest).toBe('first');
    expect(got.at(-1)?.digest).toBe('last');
    const middle = got.slice(1, -1);
    expect(middle.map(({ chunk }) => chunk.length)).toEqual([1, MIB, MIB, MIB, MIB, 7]);
    expect(new Set(middle.map(({ offset }) => offset))).toEqual(new Set([300]));
    expect(Buffer.concat(middle.map(({ chunk }) => chunk)).equals(Buffer.concat(parts))).toBe(true);
  });

  it('end with the error of their writer, after the bytes that it wrote', async () => {
    await open(async (sink) => {
      sink.write(Buffer.alloc(10));
      await Promise.resolve();
      throw dataLoss('the file ends early');
    });
    await expect(pull()).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('the file ends early') as string,
    });
  });

  it('wait for a reader that does not read, and end when it goes away', async () => {
    let written = 0;
    const ended = Promise.withResolvers<unknown>();
    await open(async (sink) => {
      const closed = once(sink, 'close');
      const writing = (async () => {
        for (; !sink.destroyed; written += MIB) {
          const taken = new Promise((resolve) => sink.write(Buffer.alloc(MIB), resolve));
          await Promise.race([taken, closed]);
        }
      })();
      await writing;
      ended.resolve('ended');
    });
    const session = connect(`http://${server.address}`);
    const call = session.request({
      ':method': 'POST',
      ':path': '/cassl.v1.RegistryService/DownloadCheckpoint',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const request = DownloadCheckpointRequest.encode({ reference: 'any', offset: 0, length: 0 }).finish();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(request.length, 1);
    call.end(Buffer.concat([prefix, request]));
    await once(call, 'response');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBeLessThanOrEqual(2 * MIB);
    call.on('error', () => undefined);
    session.destroy();
    expect(await ended.promise).toBe('ended');
  });
});
