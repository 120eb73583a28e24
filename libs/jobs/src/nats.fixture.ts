import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEvents, startNatsServer, type EventConnection, type NatsServer } from '@cassl/events';
import { afterAll, beforeAll } from 'vitest';

/** A real nats-server for a test file. */
export interface TestNats {
  readonly url: string;
  /** Opened when the server is up, closed with it. */
  readonly connection: EventConnection;
  /** kill -9; `start` brings it back on its port, with what it kept. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** kill -9, and back on its port with nothing. */
  wipe(): Promise<void>;
}

export function useNats(): TestNats {
  let folder: string;
  let server: NatsServer;
  let connection: EventConnection;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-jobs-'));
    server = await startNatsServer({ storeDir: folder });
    connection = await connectEvents({ servers: server.url, name: 'test' });
  });
  afterAll(async () => {
    await connection.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get url() {
      return server.url;
    },
    get connection() {
      return connection;
    },
    kill: () => server.stop('SIGKILL'),
    async start() {
      server = await startNatsServer({ storeDir: folder, port: server.port });
    },
    async wipe() {
      await server.stop('SIGKILL');
      await rm(folder, { recursive: true });
      server = await startNatsServer({ storeDir: folder, port: server.port });
    },
  };
}
