import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { gzipSync } from 'node:zlib';
import {
  DetectorServiceDefinition,
  DetectRequest,
  DetectResponse,
  type DetectorServiceImplementation,
} from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, createLogger, implement, serve } from './index.ts';
import type { RpcClient, RunningServer, ServiceContext } from './index.ts';

const MEBIBYTE = 2 ** 20;
const DETECT = '/cassl.v1.DetectorService/Detect';
const LIMIT_MS = 60_000;

let server: RunningServer;
let client: RpcClient<DetectorServiceDefinition>;
let begun = Promise.withResolvers<void>();
let answering = Promise.withResolvers<void>();
const sessions: ClientHttp2Session[] = [];

/** Answers at once, but for the checkpoint `slow`. */
const detector: DetectorServiceImplementation<ServiceContext> = {
  async detect({ checkpoint }) {
    if (checkpoint === 'slow') {
      begun.resolve();
      await answering.promise;
    }
    return DetectResponse.fromPartial({});
  },
  async *detectStream(requests) {
    for await (const { checkpoint } of requests) yield { detections: { checkpointDigest: checkpoint } };
  },
};

beforeEach(async () => {
  begun = Promise.withResolvers<void>();
  answering = Promise.withResolvers<void>();
  server = await serve({
    name: 'test',
    services: [implement(DetectorServiceDefinition, detector)],
    logger: createLogger({ name: 'test', level: 'silent' }),
    maxRequestBytes: 8 * MEBIBYTE,
  });
  client = createClient(DetectorServiceDefinition, server.address);
});
afterEach(async () => {
  answering.resolve();
  client.close();
  for (const session of sessions.splice(0)) session.destroy();
  await server.stop({ drainMs: 0 });
});

function question(bytes: number, checkpoint = 'quick'): DetectRequest {
  const image = { source: { $case: 'encoded' as const, value: Buffer.alloc(bytes) } };
  return DetectRequest.fromPartial({ checkpoint, image });
}

/** OK, or why not. */
const ask = (bytes: number): Promise<string> => client.detect(question(bytes)).then(() => 'OK', String);

/** A call on a connection of its own. */
function open(path: string, headers: Record<string, string> = {}): ClientHttp2Stream {
  const session = connect(`http://${server.address}`);
  sessions.push(session);
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.resume();
  return stream;
}

function framed(message: Uint8Array, { isPacked = false, length = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isPacked ? 1 : 0, 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

/** `grpc-status: grpc-message` of a call as soon as it ends. */
function statusOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    const told = ({ 'grpc-status': status, 'grpc-message': message }: Record<string, unknown>): void => {
      const details = typeof message === 'string' ? decodeURI(message) : '';
      if (typeof status === 'string') resolve(`${status}: ${details}`);
    };
    stream.on('response', told);
    stream.on('trailers', told);
    stream.on('close', () => resolve('closed'));
    setTimeout(() => resolve('no answer'), LIMIT_MS).unref();
  });
}

const OVER =
  /^8: the requests of all calls hold \d+ bytes and \d+ more are over the limit of 8388608; try again$/;

describe('the requests of all calls', () => {
  it(
    'are bounded where they come slowly and in part; small ones are answered, and room comes back',
    async () => {
      const slow = Array.from({ length: 12 }, () => open(DETECT));
      const ends = slow.map(statusOf);
      for (const stream of slow) stream.write(framed(Buffer.alloc(MEBIBYTE), { length: 60 * MEBIBYTE }));
      expect(await Promise.race(ends)).toMatch(OVER);
      expect(await ask(1000)).toBe('OK');
      for (const session of sessions) session.destroy();
      await expect.poll(() => ask(6 * MEBIBYTE), { timeout: LIMIT_MS }).toBe('OK');
    },
    2 * LIMIT_MS,
  );

  it(
    'count until they are answered',
    async () => {
      const held = client.detect(question(6 * MEBIBYTE, 'slow'));
      await begun.promise;
      expect(await ask(4 * MEBIBYTE)).toMatch(/the requests of all calls hold/);
      answering.resolve();
      await held;
      await expect.poll(() => ask(4 * MEBIBYTE), { timeout: LIMIT_MS }).toBe('OK');
    },
    2 * LIMIT_MS,
  );

  it(
    'count as what they become where they are compressed',
    async () => {
      const packed = gzipSync(DetectRequest.encode(question(3 * MEBIBYTE, 'slow')).finish());
      expect(packed.length).toBeLessThan(2 ** 14);
      const ends = Array.from({ length: 6 }, () => {
        const stream = open(DETECT, { 'grpc-encoding': 'gzip' });
        stream.end(framed(packed, { isPacked: true }));
        return statusOf(stream);
      });
      expect(await Promise.race(ends)).toMatch(OVER);
      answering.resolve();
      const all = await Promise.all(ends);
      expect(all.every((end) => OVER.test(end) || end.startsWith('0: '))).toBe(true);
    },
    2 * LIMIT_MS,
  );

  it(
    'count one by one in a stream, of which more may come than fit at a time',
    async () => {
      const requests = async function* (): AsyncGenerator<DetectRequest> {
        for (let index = 0; index < 12; index++) yield await Promise.resolve(question(3 * MEBIBYTE));
      };
      let count = 0;
      for await (const { detections } of client.detectStream(requests(), { deadlineMs: LIMIT_MS }))
        if (detections?.checkpointDigest === 'quick') count += 1;
      expect(count).toBe(12);
    },
    2 * LIMIT_MS,
  );
});
