import { connect, type ClientHttp2Stream } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DetectorServiceDefinition,
  DetectStreamRequest,
  DetectStreamResponse,
  type DetectorServiceImplementation,
} from '@cassl/proto';
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger, implement, serve } from './index.ts';
import type { RunningServer, ServiceContext } from './index.ts';

const METHOD = '/cassl.v1.DetectorService/DetectStream';
const QUESTIONS = 40;
/** Larger than what travels in one piece, so that each is read for itself. */
const QUESTION = Buffer.from(
  DetectStreamRequest.encode(
    DetectStreamRequest.fromPartial({
      image: { source: { $case: 'encoded', value: Buffer.alloc(2 ** 17) } },
    }),
  ).finish(),
);
const ANSWER = DetectStreamResponse.fromPartial({ detections: { key: 'a'.repeat(2 ** 18) } });

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The server, and how many messages it has taken from the wire. */
async function serveStream(
  detectStream: DetectorServiceImplementation<ServiceContext>['detectStream'],
): Promise<{ readonly server: RunningServer; readonly read: () => number }> {
  let count = 0;
  const { methods } = DetectorServiceDefinition;
  const requestType = {
    ...methods.detectStream.requestType,
    decode(input: Uint8Array) {
      count += 1;
      return DetectStreamRequest.decode(input);
    },
  };
  const definition = {
    ...DetectorServiceDefinition,
    methods: { ...methods, detectStream: { ...methods.detectStream, requestType } },
  } as typeof DetectorServiceDefinition;
  const detect = (): Promise<object> => Promise.resolve({});
  const implementation = { detect, detectStream } as DetectorServiceImplementation<ServiceContext>;
  const server = await serve({
    name: 'test',
    services: [implement(definition, implementation)],
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  cleanups.push(() => server.stop({ drainMs: 0 }));
  return { server, read: () => count };
}

function openStream({ address }: RunningServer): ClientDuplexStream<Buffer, Buffer> {
  const client = new Client(address, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest(METHOD, same, same);
  stream.on('error', () => undefined);
  cleanups.push(() => {
    stream.cancel();
    client.close();
  });
  return stream;
}

/** Takes nothing until it is told to: grpc-js itself takes sixteen answers before anybody reads. */
function openReader({ address }: RunningServer): ClientHttp2Stream {
  const session = connect(`http://${address}`);
  const headers = { ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' };
  const call = session.request(headers);
  call.on('error', () => undefined);
  cleanups.push(() => session.destroy());
  return call;
}

/** Resolves when `count` has stood still for a while, however slow the machine is. */
async function settled(count: () => number): Promise<number> {
  for (let [last, still] = [count(), 0]; ; await sleep(50)) {
    still = count() === last && last > 0 ? still + 1 : 0;
    last = count();
    if (still === 10) return last;
  }
}

describe('a stream', () => {
  it('is read one message ahead of its handler, however many the client has sent', async () => {
    let go = Promise.withResolvers<void>();
    let taken = 0;
    const { server, read } = await serveStream(async function* (requests) {
      for await (const _ of requests) {
        taken += 1;
        await go.promise;
        yield {};
      }
    });
    const stream = openStream(server);
    stream.resume();
    for (let turn = 0; turn < QUESTIONS; turn++) stream.write(QUESTION);
    expect(await settled(read)).toBeLessThanOrEqual(3);
    expect(taken).toBe(1);
    const first = go;
    go = Promise.withResolvers();
    first.resolve();
    expect(await settled(() => taken)).toBe(2);
    expect(await settled(read)).toBeLessThanOrEqual(4);
  });

  it('is asked for no more answers than its client takes', async () => {
    let given = 0;
    const { server } = await serveStream(async function* () {
      while (given < QUESTIONS) {
        given += 1;
        yield await Promise.resolve(ANSWER);
      }
    });
    const reader = openReader(server);
    expect(await settled(() => given)).toBeLessThanOrEqual(3);
    reader.resume();
    await expect.poll(() => given, { timeout: 30_000 }).toBe(QUESTIONS);
  });

  it('whose client goes away while an answer waits ends its handler', async () => {
    const ended = Promise.withResolvers<void>();
    let given = 0;
    const { server } = await serveStream(async function* () {
      try {
        for (;;) {
          given += 1;
          yield await Promise.resolve(ANSWER);
        }
      } finally {
        ended.resolve();
      }
    });
    const reader = openReader(server);
    await settled(() => given);
    reader.close();
    await ended.promise;
  });

  it('passes every message on, and every answer, in order', async () => {
    const { server } = await serveStream(async function* (requests) {
      for await (const { image } of requests) yield { detections: { key: image?.key ?? '' } };
    });
    const stream = openStream(server);
    const seen: string[] = [];
    stream.on('data', (bytes: Buffer) =>
      seen.push(DetectStreamResponse.decode(bytes).detections?.key ?? 'none'),
    );
    for (let key = 0; key < 200; key++) {
      const request = DetectStreamRequest.fromPartial({ image: { key: `${key}` } });
      stream.write(Buffer.from(DetectStreamRequest.encode(request).finish()));
    }
    stream.end();
    await new Promise((resolve) => stream.once('status', resolve));
    expect(seen).toEqual(Array.from({ length: 200 }, (_, key) => `${key}`));
  });
});
