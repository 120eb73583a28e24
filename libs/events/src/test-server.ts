import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import {
  connectEvents,
  findNatsServer,
  startNatsServer,
  type EventConnection,
  type NatsServer,
} from './index.ts';

/** A real nats-server for a test file, with a connection to it. */
export interface TestServer {
  readonly storeDir: string;
  server: NatsServer;
  connection: EventConnection;
  /** kill -9, then a new process on the same port and folder. */
  restart(): Promise<void>;
}

/** Whether nats-server is installed; tests that need it are skipped by name where it is not. */
export function hasNatsServer(): boolean {
  try {
    return findNatsServer() !== '';
  } catch {
    return false;
  }
}

export function useTestServer(): TestServer {
  const state = {} as { -readonly [K in keyof TestServer]: TestServer[K] };
  beforeAll(async () => {
    state.storeDir = await mkdtemp(join(tmpdir(), 'cassl-nats-'));
    state.server = await startNatsServer({ storeDir: state.storeDir });
    state.connection = await connectEvents({ servers: state.server.url, name: 'test', replicas: 1 });
    state.restart = async () => {
      await state.server.stop('SIGKILL');
      state.server = await startNatsServer({ storeDir: state.storeDir, port: state.server.port });
    };
  });
  afterAll(async () => {
    await state.connection.close();
    await state.server.stop();
    await rm(state.storeDir, { recursive: true, force: true });
  });
  return state;
}
