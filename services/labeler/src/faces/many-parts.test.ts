import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from './open-inference/serve-no-op.fixture.ts';

/** More than any message or body may hold, of parts that take two or three bytes each: as objects they would be hundreds of MB. */
const PARTS = 1_200_000;

let test: TestServer;
let client: Client;

beforeAll(async () => {
  test = await serveNoOp();
  await test.inference.load('m');
  client = new Client(test.server.address, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await test.stop();
});

/** Sends bytes as they are. */
function call(method: string, message: Buffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      message,
      { deadline: Date.now() + 60_000 },
      (error: ServiceError | null, answer: unknown) => (error === null ? resolve(answer) : reject(error)),
    );
  });
}

const INFER = '/inference.GRPCInferenceService/ModelInfer';
const DETECT = '/cassl.v1.DetectorService/Detect';

/** A field of wire type 2 (bytes, text, message). */
const field = (number: number, content: Uint8Array): Buffer => {
  const length: number[] = [];
  for (let left = content.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
};
const empties = (number: number): Buffer => Buffer.alloc(2 * PARTS, field(number, Buffer.alloc(0)));
const contents = (inside: Buffer): Buffer => field(5, field(5, inside));

describe('a request of a few megabytes that would be gigabytes of objects', () => {
  it.each<[string, string, Buffer]>([
    ['inputs', INFER, empties(5)],
    ['outputs', INFER, empties(6)],
    ['raw contents', INFER, empties(7)],
    ['parameters', INFER, empties(4)],
    ['parameters of an input', INFER, field(5, empties(4))],
    ['typed contents', INFER, contents(empties(8))],
    ['dimensions', INFER, field(5, field(3, Buffer.alloc(PARTS, 1)))],
    ['images, one over the other', DETECT, empties(2)],
  ])('is refused over gRPC: %s', async (_, method, message) => {
    await expect(call(method, message)).rejects.toMatchObject({
      code: 3,
      details: expect.stringMatching(/at most 262144 messages, texts, byte strings and 64-bit numbers/),
    });
  });

  const list = (item: string): string => `[${`${item},`.repeat(PARTS)}${item}]`;
  const input = (more: string): string => `{"inputs":[{"name":"pixels","datatype":"UINT8",${more}}]}`;
  const V2 = '/v2/models/m/infer';
  it.each<[string, string, string, RegExp]>([
    ['objects', V2, `{"inputs":${list('{}')}}`, /at most 1048576 arrays and objects/],
    ['lists', V2, input(`"shape":[1,1,1,3],"data":${list('[]')}`), /at most 1048576 arrays and objects/],
    ['inputs', V2, `{"inputs":${list('1')}}`, /inputs: must have at most 64 items, got 1200001/],
    ['outputs', V2, `{"inputs":[],"outputs":${list('0')}}`, /outputs: must have at most 64 items/],
    ['dimensions', V2, input(`"shape":${list('""')}`), /inputs\[0\]\.shape: must have at most 16 items/],
    [
      'parameters',
      V2,
      `{"inputs":[],"parameters":{${Array.from({ length: PARTS / 4 }, (_, index) => `"${index}":[]`).join()}}}`,
      /parameters: must have at most 64 items, got 300000/,
    ],
    ['elements', V2, input(`"shape":[1,1,1,3],"data":${list('0')}`), /wants 3 bytes, got 1200001/],
    ['images', '/api/function_invocations', `{"images":${list('1')}}`, /images: must have at most 256 items/],
    [
      'tasks',
      '/label-studio/m/predict',
      `{"label_config":"","tasks":${list('1')}}`,
      /tasks: must have at most 10000/,
    ],
  ])('is refused over HTTP: %s', async (_, path, body, why) => {
    const response = await fetch(`${test.http.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'x-nuclio-function-name': 'm' },
      signal: AbortSignal.timeout(60_000),
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(why)]);
  });
});
