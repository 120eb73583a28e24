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
  /** kill -9, its store deleted, then a new process on the same port. */
  wipe(): Promise<void>;
}

/** Whether nats-server is installed; tests that need it are skipped by name where it is not. */
export function hasNatsServer(): boolean {
  try {
    return findNatsServer() !== '';
  } catch {
    return false;
  }
}

/** @param program path of nats-server; default the preferred one */
export function useTestServer(program?: string): TestServer {
  const chosen = program === undefined ? {} : { program };
  const state = {} as { -readonly [K in keyof TestServer]: TestServer[K] };
  beforeAll(async () => {
    state.storeDir = await mkdtemp(join(tmpdir(), 'cassl-nats-'));
    state.server = await startNatsServer({ storeDir: state.storeDir, ...chosen });
    state.connection = await connectEvents({ servers: state.server.url, name: 'test', replicas: 1 });
    state.restart = async () => {
      await state.server.stop('SIGKILL');
      state.server = await startNatsServer({ storeDir: state.storeDir, port: state.server.port, ...chosen });
    };
    state.wipe = async () => {
      await state.server.stop('SIGKILL');
      await rm(state.storeDir, { recursive: true });
      state.server = await startNatsServer({
        storeDir: state.storeDir,
        port: state.server.port,
        ...chosen,
      });
    };
  });
  afterAll(async () => {
    await state.connection.close();
    await state.server.stop();
    await rm(state.storeDir, { recursive: true, force: true });
  });
  return state;
}
