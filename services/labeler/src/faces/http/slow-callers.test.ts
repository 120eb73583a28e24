import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../open-inference/serve-no-op.fixture.ts';

/** More by `CASSL_SLOW_CALLERS=1000`. */
const CALLERS = Number(process.env['CASSL_SLOW_CALLERS'] ?? 60);
const png = Buffer.from(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
let test: TestServer;

beforeAll(async () => {
  test = await serveNoOp({}, { CASSL_HTTP_HELD_MB: '8' });
  await test.inference.load('m');
});
afterAll(() => test.stop());

const infer = (): Promise<Response> =>
  fetch(`${test.http.url}/v2/models/m/infer`, {
    method: 'POST',
    body: JSON.stringify({
      inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [png.toString('base64')] }],
    }),
    signal: AbortSignal.timeout(30_000),
  });

async function open(head: string): Promise<Socket[]> {
  const port = Number(new URL(test.http.url).port);
  const sockets = Array.from({ length: CALLERS }, () => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  // Nobody reads: what is answered stays in the socket.
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(head);
  }
  return sockets;
}

describe(`${CALLERS} callers that send half a request, or read no answer`, () => {
  it('leave the others alone, and hold a bounded amount of memory', async () => {
    const before = process.memoryUsage().rss;
    // Each says that it sends 4 MB, of 8 that bodies have together, and sends a few bytes.
    const half = await open(
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n{"inp',
    );
    const deaf = await open('GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n');
    try {
      for (let call = 0; call < 11; call++) expect((await infer()).status).toBe(200);
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20 + CALLERS * 200_000);
    } finally {
      for (const socket of [...half, ...deaf]) socket.destroy();
    }
  });
});
