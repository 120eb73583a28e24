import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { failedPrecondition } from '@cassl/errors';
import { RegistryServiceDefinition, type RegistryServiceImplementation } from '@cassl/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createClient,
  createLogger,
  implement,
  serve,
  type RunningServer,
  type ServiceContext,
} from './index.ts';

/** More by `CASSL_SLOW_CALLERS=1000`. */
const SILENT = Number(process.env['CASSL_SLOW_CALLERS'] ?? 200);
let server: RunningServer;
beforeAll(async () => {
  const answer = { getAlias: () => Promise.resolve({ digest: 'x', history: [], rule: undefined }) };
  const refuse = (): never => {
    throw failedPrecondition('not in this test');
  };
  const handlers = new Proxy(answer, {
    get: (methods, name): unknown => Reflect.get(methods, name) ?? refuse,
  }) as unknown as RegistryServiceImplementation<ServiceContext>;
  server = await serve({
    name: 'registry',
    services: [implement(RegistryServiceDefinition, handlers)],
    logger: createLogger({ name: 'test', level: 'silent' }),
    silenceMs: 500,
  });
});
afterAll(() => server.stop());

it(
  `${SILENT} connections that say nothing are dropped, and one that calls meanwhile is not`,
  async () => {
    const client = createClient(RegistryServiceDefinition, server.address);
    const open: Socket[] = [];
    try {
      const ends = Array.from({ length: SILENT }, async () => {
        const socket = connect(server.port, '127.0.0.1');
        open.push(socket);
        socket.on('error', () => undefined);
        socket.resume();
        await once(socket, 'close');
      });
      let isOver = false;
      const dropped = Promise.all(ends).then(() => (isOver = true));
      while (!isOver) {
        expect((await client.getAlias({ alias: 'a' })).digest).toBe('x');
        await Promise.race([dropped, new Promise((resolve) => setTimeout(resolve, 500))]);
      }
      expect((await client.getAlias({ alias: 'a' })).digest).toBe('x');
    } finally {
      client.close();
      for (const socket of open) socket.destroy();
    }
  },
  120_000 + SILENT * 100,
);
