import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  freePort,
  SERVICE_NAMES,
  startService,
  type Endpoints,
  type ServiceName,
  type ServiceProcess,
} from '@cassl/cli';
import { startNatsServer, type NatsServer } from '@cassl/events';

/** All services of one machine, each of which a test can kill and start again. */
export interface Cluster {
  readonly home: string;
  readonly endpoints: Endpoints;
  readonly natsPort: number;
  /** SIGKILL, without a word to anyone. */
  kill(name: ServiceName | 'nats-server'): Promise<void>;
  start(name: ServiceName | 'nats-server'): Promise<void>;
  /** Kills a worker process of a service; false where it has none now. */
  killWorker(name: ServiceName, entry: string): boolean;
  /** SIGTERM to all; answers how each ended. */
  stop(): Promise<Readonly<Record<string, string>>>;
}

/** Quick settings: what waits for seconds in life waits for less here. */
const ENV = { CASSL_POLL_MS: '100', CASSL_SHARD_ACK_WAIT_MS: '2000', CASSL_LOG_LEVEL: 'info' };

export async function startCluster(): Promise<Cluster> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-test-'));
  const natsPort = await freePort();
  const endpoints = Object.fromEntries(
    await Promise.all(SERVICE_NAMES.map(async (name) => [name, `127.0.0.1:${await freePort()}`] as const)),
  ) as Endpoints;
  const around = {
    home,
    endpoints,
    natsUrl: `nats://127.0.0.1:${natsPort}`,
    env: ENV,
    roots: { data: [home], output: [home] },
  };
  const services = new Map<ServiceName, ServiceProcess>();
  let nats: NatsServer;
  const startNats = async (): Promise<void> => {
    nats = await startNatsServer({ storeDir: join(home, 'nats'), port: natsPort });
  };
  const startOne = async (name: ServiceName): Promise<void> => {
    const service = await startService(name, around);
    services.set(name, service);
    await service.ready();
  };
  await startNats();
  await Promise.all(SERVICE_NAMES.map(startOne));

  return {
    home,
    endpoints,
    natsPort,
    async kill(name) {
      if (name === 'nats-server') return nats.stop('SIGKILL');
      services.get(name)?.kill('SIGKILL');
      await services.get(name)?.ended;
    },
    start: (name) => (name === 'nats-server' ? startNats() : startOne(name)),
    killWorker(name, entry) {
      const parent = services.get(name)?.pid ?? 0;
      const processes = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], {
        encoding: 'utf8',
      });
      const line = processes.split('\n').find((text) => text.includes(entry));
      if (line === undefined) return false;
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
      return true;
    },
    async stop() {
      const ends = await Promise.all(
        [...services].map(async ([name, service]) => [name, await service.stop()] as const),
      );
      await nats.stop();
      await rm(home, { recursive: true, force: true });
      return Object.fromEntries(ends);
    },
  };
}
