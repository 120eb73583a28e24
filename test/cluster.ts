import { spawnSync } from 'node:child_process';
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
import { startNatsServer, type NatsServer, type StartNatsServerOptions } from '@cassl/events';

/** All services of one machine, each of which a test can kill and start again. */
export interface Cluster {
  readonly home: string;
  /** Of all replicas of each service. */
  readonly endpoints: Endpoints;
  /** `http://host:port` of each process's metrics. */
  readonly metricsUrls: readonly string[];
  readonly natsPort: number;
  /** Of a service that answers HTTP, or of the console's page. */
  httpUrl(name: ServiceName | 'console'): string | undefined;
  /** The processes of each replica now, its workers included. */
  pids(): Readonly<Record<string, readonly number[]>>;
  /** SIGKILL, without a word to anyone. */
  kill(name: ServiceName | 'nats-server'): Promise<void>;
  start(name: ServiceName | 'nats-server'): Promise<void>;
  /** Kills the replica that `JobStatus.leader` names and, once it is gone, starts another one in its place. */
  replaceLeader(leader: string): Promise<boolean>;
  /** Kills a worker process of a service; false where it has none now. */
  killWorker(name: ServiceName, entry: string): boolean;
  /** SIGTERM to all; answers how each ended. */
  stop(): Promise<Readonly<Record<string, string>>>;
}

export interface ClusterOptions {
  /** Processes of a service. @default one of each */
  readonly replicas?: Partial<Readonly<Record<ServiceName, number>>>;
  /** More settings of a service. */
  readonly env?: Partial<Readonly<Record<ServiceName, Readonly<Record<string, string>>>>>;
  /** Starts the console too. @default false */
  readonly withConsole?: boolean;
  /** How the broker is started: users and their rights. */
  readonly nats?: Pick<StartNatsServerOptions, 'configFile' | 'env'>;
  /** Addresses that services may write, besides this cluster's folder. */
  readonly outputs?: readonly string[];
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split(/\s+/).filter(Boolean).map(Number);
}

/** Quick settings: what waits for seconds in life waits for less here. */
const ENV = { CASSL_POLL_MS: '100', CASSL_SHARD_ACK_WAIT_MS: '2000', CASSL_LOG_LEVEL: 'info' };

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const {
    replicas = {},
    env: more = {},
    nats: natsOptions = {},
    outputs = [],
    withConsole = false,
  } = options;
  const home = await mkdtemp(join(tmpdir(), 'cassl-test-'));
  const natsPort = await freePort();
  const ports = new Map<string, number>();
  const names = SERVICE_NAMES.flatMap((name) =>
    Array.from({ length: replicas[name] ?? 1 }, (_, index) => [name, `${name}-${index}`] as const),
  );
  for (const [, replica] of names) ports.set(replica, await freePort());
  const endpoints = Object.fromEntries(
    SERVICE_NAMES.map((name) => {
      const own = names
        .filter(([service]) => service === name)
        .map(([, key]) => `127.0.0.1:${ports.get(key)}`);
      return [name, own.length === 1 ? own[0] : `ipv4:${own.join(',')}`];
    }),
  ) as Endpoints;
  const services = new Map<string, ServiceProcess>();
  let nats: NatsServer | undefined;
  // Services end when this process does; the broker would stay behind.
  const killNats = (): void => void nats?.stop('SIGKILL');
  process.once('exit', killNats);
  const startNats = async (): Promise<void> => {
    nats = await startNatsServer({ storeDir: join(home, 'nats'), port: natsPort, ...natsOptions });
  };
  const around = {
    roots: { data: [home], output: [home, ...outputs] },
    home,
    endpoints,
    natsUrl: `nats://127.0.0.1:${natsPort}`,
  };
  const startOne = async (name: ServiceName, key: string): Promise<void> => {
    const env = { ...ENV, ...more[name], CASSL_PORT: String(ports.get(key)) };
    const service = await startService(name, { ...around, env });
    services.set(key, service);
    await service.ready();
  };
  const killBroker = async (): Promise<void> => nats?.stop('SIGKILL');
  const killOne = async (key: string): Promise<void> => {
    services.get(key)?.kill('SIGKILL');
    await services.get(key)?.ended;
  };
  const startConsole = async (): Promise<void> => {
    const service = await startService('console', { ...around, consolePort: await freePort(), env: ENV });
    services.set('console-0', service);
    await service.ready();
  };
  await startNats();
  await Promise.all([
    ...names.map(([name, key]) => startOne(name, key)),
    ...(withConsole ? [startConsole()] : []),
  ]);

  return {
    home,
    endpoints,
    metricsUrls: [...services.values()].map(({ metricsUrl }) => metricsUrl),
    natsPort,
    httpUrl: (name) => services.get(`${name}-0`)?.httpUrl,
    pids: () =>
      Object.fromEntries([...services].map(([key, { pid }]) => [key, [pid, ...childrenOf(pid)]] as const)),
    kill: (name) => (name === 'nats-server' ? killBroker() : killOne(`${name}-0`)),
    start: (name) => (name === 'nats-server' ? startNats() : startOne(name, `${name}-0`)),
    async replaceLeader(leader) {
      const pid = Number(leader.slice(leader.lastIndexOf(':') + 1));
      const found = names.find(([, key]) => services.get(key)?.pid === pid);
      if (found === undefined) return false;
      await killOne(found[1]);
      await startOne(...found);
      return true;
    },
    killWorker(name, entry) {
      const parents = names.filter(([service]) => service === name).map(([, key]) => services.get(key)?.pid);
      const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', parents.join(',')], {
        encoding: 'utf8',
      });
      const line = stdout.split('\n').find((text) => text.includes(entry));
      if (line === undefined) return false;
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
      return true;
    },
    async stop() {
      const ends = await Promise.all(
        [...services].map(async ([key, service]) => [key, await service.stop()] as const),
      );
      await nats?.stop();
      process.removeListener('exit', killNats);
      await rm(home, { recursive: true, force: true });
      return Object.fromEntries(ends);
    },
  };
}
