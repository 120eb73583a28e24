import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidArgument, unavailable } from '@cassl/errors';
import { DetectorServiceDefinition, type DetectRequest, type ImageDetections } from '@cassl/proto';
import { createLogger, implement, serve, type RunningServer } from '@cassl/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, connectHttp, type Picture } from './index.ts';

const MASK = { height: 4, width: 5, counts: '02' };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const FOUND: ImageDetections = {
  key: '',
  width: 5,
  height: 4,
  detections: [
    { box: { x1: 0, y1: 0, x2: 5, y2: 4 }, score: 0.5, categoryId: 7, categoryName: 'cat', mask: MASK },
  ],
  error: undefined,
  checkpointDigest: 'abc',
  metadata: { batchSize: 2, paddingWaste: 0, queueMs: 1, inputMs: 2, computeMs: 3, outputMs: 4 },
};
const EXPECTED = {
  digest: 'abc',
  width: 5,
  height: 4,
  detections: [
    { box: { x1: 0, y1: 0, x2: 5, y2: 4 }, score: 0.5, categoryId: 7, category: 'cat', mask: MASK },
  ],
  timing: { batchSize: 2, queueMs: 1, inputMs: 2, computeMs: 3, outputMs: 4 },
};

/** Answers the nth call by `script`; the stream answers everything but "bad". */
async function grpc(
  script: (call: number, request: DetectRequest) => ImageDetections,
): Promise<RunningServer> {
  let calls = 0;
  const server = await serve({
    name: 'test',
    logger: createLogger({ name: 'test', level: 'silent' }),
    services: [
      implement(DetectorServiceDefinition, {
        detect: async (request) => Promise.resolve({ detections: script(++calls, request) }),
        async *detectStream(requests) {
          for await (const { image } of requests) {
            const isBad = image?.source?.$case === 'encoded' && image.source.value[0] === 0;
            const error = isBad ? { code: 'INVALID_ARGUMENT', message: 'bad picture' } : undefined;
            yield { detections: { ...FOUND, error } };
          }
        },
      }),
    ],
  });
  closers.push(() => server.stop({ drainMs: 0 }));
  return server;
}

const ANSWER = {
  model: { name: 'm', digest: 'abc' },
  image: { width: 5, height: 4 },
  detections: [
    {
      box: EXPECTED.detections[0]!.box,
      score: 0.5,
      category_id: 7,
      category: 'cat',
      mask: { size: [4, 5], counts: '02' },
    },
  ],
  timing: { batch_size: 2, queue_ms: 1, input_ms: 2, compute_ms: 3, output_ms: 4 },
};

async function http(
  answer: (call: number, url: string) => { status: number; body: unknown; wait?: number },
): Promise<string> {
  let calls = 0;
  const server: Server = createServer((request, response) => {
    const { status, body, wait } = answer(++calls, request.url ?? '');
    request.resume();
    request.on('end', () => {
      if (wait !== undefined) response.setHeader('retry-after', wait);
      response.writeHead(status).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the client over gRPC', () => {
  it('detects, asking again where the service is away', async () => {
    const server = await grpc((call) => {
      if (call < 3) throw unavailable('away');
      return FOUND;
    });
    const client = connect(server.address);
    closers.push(() => client.close());
    expect(await client.detect(Uint8Array.of(1), { model: 'm', threshold: 0.25, masks: true })).toEqual(
      EXPECTED,
    );
  });

  it('does not ask again for what is wrong, nor beyond the deadline', async () => {
    let calls = 0;
    const server = await grpc((call, { checkpoint }) => {
      calls = call;
      if (checkpoint === 'wrong') throw invalidArgument('threshold: no');
      throw unavailable('away');
    });
    const client = connect(server.address);
    closers.push(() => client.close());
    await expect(client.detect(Uint8Array.of(1), { model: 'wrong' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(calls).toBe(1);
    const late = client.detect(Uint8Array.of(1), { model: 'm', timeoutMs: 150 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('streams in order; a bad picture does not end the stream', async () => {
    const client = connect((await grpc(() => FOUND)).address);
    closers.push(() => client.close());
    const pictures: Picture[] = [Uint8Array.of(1), Uint8Array.of(0), { uri: 'file:///a.jpg' }];
    const seen = await collect(client.detectStream(pictures, { model: 'm', timeoutMs: 10_000 }));
    expect(seen).toEqual([
      { position: 0, found: EXPECTED },
      { position: 1, error: { code: 'INVALID_ARGUMENT', message: 'bad picture' } },
      { position: 2, found: EXPECTED },
    ]);
  });
});

describe('the client over HTTP', () => {
  it('detects, waiting as long as a full service asks for', async () => {
    const full = { status: 429, body: { error: { code: 'RESOURCE_EXHAUSTED', message: 'full' } }, wait: 1 };
    let url = '';
    const base = await http((call, asked) => {
      url = asked;
      return call === 1 ? full : { status: 200, body: ANSWER };
    });
    const startedAt = performance.now();
    const client = connectHttp(base);
    expect(await client.detect(Uint8Array.of(1), { model: 'a/b@c', maxDetections: 3 })).toEqual(EXPECTED);
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(url).toBe('/v1/detect?model=a%2Fb%40c&max_detections=3');
  });

  it('streams in order; a bad picture does not end the stream, a missing service does', async () => {
    const bad = { status: 400, body: { error: { code: 'INVALID_ARGUMENT', message: 'bad picture' } } };
    const base = await http((call) => (call === 2 ? bad : { status: 200, body: ANSWER }));
    const pictures = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
    const seen = await collect(connectHttp(base).detectStream(pictures, { model: 'm' }));
    expect(seen.map(({ position }) => position)).toEqual([0, 1, 2]);
    expect(seen.filter((answer) => 'error' in answer)).toHaveLength(1);
    const nobody = connectHttp('http://127.0.0.1:1', { retries: 0 });
    await expect(collect(nobody.detectStream(pictures, { model: 'm' }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('needs nothing of Node, so that browsers can load it', () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const [, from = ''] of readFileSync(path, 'utf8').matchAll(
        /^(?:import|export)(?! type)[^;]*? from '([^']+)'/gms,
      )) {
        expect(from).not.toMatch(/^node:|@cassl\/(rpc|proto)/);
        if (from.startsWith('.')) visit(join(path, '..', from));
      }
    };
    visit(join(import.meta.dirname, 'http.ts'));
    expect(seen.size).toBe(3);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
