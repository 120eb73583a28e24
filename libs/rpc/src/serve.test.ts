import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { failedPrecondition, notFound } from '@cassl/errors';
import { RegistryServiceDefinition, type RegistryServiceImplementation } from '@cassl/proto';
import * as grpc from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { Metadata } from 'nice-grpc';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, createLogger, implement, serve } from './index.ts';
import type { RpcClient, RunningServer, ServeOptions, ServiceContext } from './index.ts';

const protoFolder = fileURLToPath(new URL('../../../proto', import.meta.url));
const logger = createLogger({ name: 'test', level: 'silent' });
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Handlers = RegistryServiceImplementation<ServiceContext>;

/** A registry whose methods are all refused but those given. */
async function serveHandlers(
  handlers: Partial<Handlers>,
  options: Partial<ServeOptions> = {},
): Promise<RunningServer> {
  const refuse = (): never => {
    throw failedPrecondition('not in this test');
  };
  const all = Object.fromEntries(Object.keys(RegistryServiceDefinition.methods).map((key) => [key, refuse]));
  const server = await serve({
    name: 'test',
    services: [implement(RegistryServiceDefinition, { ...all, ...handlers } as unknown as Handlers)],
    logger,
    ...options,
  });
  cleanups.push(() => server.stop({ drainMs: 0 }));
  return server;
}

function clientOf(server: RunningServer, security = {}): RpcClient<RegistryServiceDefinition> {
  const client = createClient(RegistryServiceDefinition, server.address, { security });
  cleanups.push(() => client.close());
  return client;
}

describe('serve', () => {
  it('answers a client that knows only the .proto files', async () => {
    const server = await serveHandlers({
      getAlias: (request) => Promise.resolve({ digest: `of ${request.alias}`, history: [] }),
    });
    const definition = await load('cassl/v1/registry.proto', { includeDirs: [protoFolder] });
    const service = definition['cassl.v1.RegistryService'] as grpc.ServiceDefinition;
    expect(await callOnce(server, service, 'GetAlias', { alias: 'warmup@prod' })).toMatchObject({
      digest: 'of warmup@prod',
    });
  });

  it('offers reflection that buf curl understands', async () => {
    const server = await serveHandlers({
      getAlias: (request) => Promise.resolve({ digest: `of ${request.alias}`, history: [] }),
    });
    const { stdout } = await promisify(execFile)('npx', [
      ...['buf', 'curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--data', '{"alias":"a"}'],
      `http://${server.address}/cassl.v1.RegistryService/GetAlias`,
    ]);
    expect(JSON.parse(stdout)).toEqual({ digest: 'of a' });
  });

  it('keeps the code and message of an error on its way to the client', async () => {
    const server = await serveHandlers({
      getAlias: ({ alias }) => Promise.reject(notFound(`alias ${alias} does not exist`)),
    });
    await expect(clientOf(server).getAlias({ alias: 'nope' })).rejects.toMatchObject({
      name: 'CasslError',
      code: 'NOT_FOUND',
      message: 'alias nope does not exist',
    });
  });

  it('hides what an unexpected error says, and names the call in its place', async () => {
    const server = await serveHandlers({
      getAlias: () => Promise.reject(new TypeError('password is hunter2')),
    });
    const call = clientOf(server).getAlias({ alias: 'x' });
    await expect(call).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(call).rejects.not.toThrow('hunter2');
  });

  it('keeps errors in the middle of a stream', async () => {
    const server = await serveHandlers({
      async *watch() {
        yield { change: { $case: 'deletedDigest', value: 'a' } };
        await sleep(1);
        throw notFound('gone');
      },
    });
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const message of clientOf(server).watch({}, { deadlineMs: Infinity })) seen.push(message);
    };
    await expect(read()).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'gone' });
    expect(seen).toEqual([{ change: { $case: 'deletedDigest', value: 'a' } }]);
  });

  it('refuses messages over 64 MiB and takes one of 20 MiB', async () => {
    let bytes = 0;
    const server = await serveHandlers({
      async publishCheckpoint(requests) {
        for await (const { part } of requests) bytes = part?.$case === 'chunk' ? part.value.length : 0;
        return { existed: false };
      },
    });
    const send = (size: number): Promise<unknown> => {
      async function* requests(): AsyncGenerator<{ part: { $case: 'chunk'; value: Buffer } }> {
        yield await Promise.resolve({ part: { $case: 'chunk', value: Buffer.alloc(size) } });
      }
      return clientOf(server).publishCheckpoint(requests(), { deadlineMs: 20_000 });
    };
    await send(20 << 20);
    expect(bytes).toBe(20 << 20);
    await expect(send(65 << 20)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });

  it('cancels the handler when the deadline passes', async () => {
    const cancelled = Promise.withResolvers<void>();
    const server = await serveHandlers({
      async getAlias(_, { signal }) {
        signal.addEventListener('abort', () => cancelled.resolve());
        await sleep(60_000, undefined, { signal });
        return {};
      },
    });
    // Long enough that it has begun on a busy machine.
    const call = clientOf(server).getAlias({ alias: 'x' }, { deadlineMs: 3000 });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(call).rejects.toThrow('within 3000 ms');
    await cancelled.promise;
  });

  it('tells the handler when the caller stops waiting, whatever a header says', async () => {
    const server = await serveHandlers({
      getAlias: (_, { deadlineAt }) => Promise.resolve({ digest: String(deadlineAt - Date.now()) }),
    });
    const metadata = Metadata({ 'x-cassl-deadline': '0' });
    const soon = await clientOf(server).getAlias({}, { deadlineMs: 5000, metadata });
    expect(Number(soon.digest)).toBeGreaterThan(3000);
    expect(Number(soon.digest)).toBeLessThanOrEqual(5100);
  });

  it('wants streams to name their deadline', async () => {
    const server = await serveHandlers({});
    const first = clientOf(server).watch({})[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('names the address when nobody answers', async () => {
    const client = createClient(RegistryServiceDefinition, '127.0.0.1:1', { security: {} });
    cleanups.push(() => client.close());
    const call = client.getAlias({ alias: 'x' }, { deadlineMs: 20_000 });
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(call).rejects.toThrow('127.0.0.1:1');
    expect(() => createClient(RegistryServiceDefinition, 'http://x')).toThrow('host:port');
  });

  it('wants the bearer token of every call but health checks', async () => {
    const server = await serveHandlers(
      { getAlias: () => Promise.resolve({}) },
      { security: { token: 'secret' } },
    );
    await expect(clientOf(server).getAlias({})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(clientOf(server, { token: 'guess' }).getAlias({})).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(clientOf(server, { token: 'secret' }).getAlias({})).resolves.toBeDefined();
    expect(await check(server)).toBe('SERVING');
  });

  it('counts calls by method and code, and answers probes', async () => {
    const server = await serveHandlers({ getAlias: () => Promise.reject(notFound('x')) }, { metricsPort: 0 });
    await expect(clientOf(server).getAlias({})).rejects.toThrow();
    const text = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    expect(text).toContain(
      'cassl_rpc_handled_total{method="cassl.v1.RegistryService/GetAlias",code="NOT_FOUND",service="test"} 1',
    );
    expect(text).toMatch(
      /cassl_rpc_in_flight\{method="cassl.v1.RegistryService\/GetAlias",service="test"\} 0/,
    );
    expect((await fetch(`${server.metricsUrl}//`)).status).toBe(404);
    expect((await fetch(`${server.metricsUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.metricsUrl}/readyz`)).status).toBe(200);
    server.setReady(false);
    expect((await fetch(`${server.metricsUrl}/readyz`)).status).toBe(503);
    expect(await check(server)).toBe('NOT_SERVING');
    // A process that takes no calls now is no reason to restart it.
    expect(await check(server, 'liveness')).toBe('SERVING');
  });

  it('lets running calls finish when it stops, ends watches, and takes no new calls', async () => {
    const running = Promise.withResolvers<void>();
    const server = await serveHandlers({
      async getAlias() {
        running.resolve();
        await sleep(300);
        return { digest: 'finished' };
      },
      async *watch(_, { stopping, signal }) {
        yield { change: { $case: 'deletedDigest', value: 'a' } };
        await sleep(60_000, undefined, { signal: AbortSignal.any([stopping, signal]) });
      },
    });
    const client = clientOf(server);
    const call = client.getAlias({ alias: 'x' });
    const watch = client.watch({}, { deadlineMs: Infinity })[Symbol.asyncIterator]();
    await watch.next();
    await running.promise;
    // Longer than this test may take: the stop waits for the calls, not for its drain time.
    const stopped = server.stop({ drainMs: 600_000 });
    await expect(watch.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(call).resolves.toMatchObject({ digest: 'finished' });
    await stopped;
    await expect(client.getAlias({}, { deadlineMs: 3_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|DEADLINE_EXCEEDED/) as string,
    });
  });

  it('cancels what still runs when the drain time is over', async () => {
    const aborted = Promise.withResolvers<void>();
    const running = Promise.withResolvers<void>();
    const server = await serveHandlers({
      async getAlias(_, { signal }) {
        running.resolve();
        signal.addEventListener('abort', () => aborted.resolve());
        await sleep(60_000, undefined, { signal });
        return {};
      },
    });
    const call = clientOf(server).getAlias({ alias: 'x' }, { deadlineMs: 5_000 });
    call.catch(() => undefined);
    await running.promise;
    await server.stop({ drainMs: 100 });
    await aborted.promise;
    await expect(call).rejects.toMatchObject({ name: 'CasslError' });
  });
});

/** One unary call by a client that shares nothing with our own. */
async function callOnce(
  server: RunningServer,
  service: grpc.ServiceDefinition,
  method: string,
  request: unknown,
): Promise<unknown> {
  const Client = grpc.makeClientConstructor(service, 'Test');
  const client = new Client(server.address, grpc.credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = service[method]!;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}

async function check(server: RunningServer, service = ''): Promise<string> {
  const bytes = (value: Buffer): Buffer => value;
  const health: grpc.ServiceDefinition = {
    Check: {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  };
  const request = Buffer.concat([
    Buffer.from(service === '' ? [] : [10, service.length]),
    Buffer.from(service),
  ]);
  const answer = (await callOnce(server, health, 'Check', request)) as Buffer;
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING'][answer[1]!]!;
}
