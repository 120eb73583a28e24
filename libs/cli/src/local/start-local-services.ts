import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import { startNatsServer, type NatsServer } from '@cassl/events';
import { SERVICE_NAMES, type Endpoints, type ServiceName } from './service-names.ts';

export interface StartLocalServicesOptions {
  /** Holds everything that outlives the services: streams, checkpoints, jobs, logs. */
  readonly home: string;
  /** Default: all four. */
  readonly names?: readonly ServiceName[];
  /** Default: free ones. */
  readonly ports?: Readonly<Record<ServiceName, number>>;
  readonly natsPort?: number;
}

export interface LocalServices {
  readonly endpoints: Endpoints;
  readonly natsUrl: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly logsDir: string;
  /** Rejects when a service or nats-server ends by itself: nothing is restarted silently. */
  readonly died: Promise<never>;
  /** SIGTERM to the services, then to nats-server. */
  stop(): Promise<void>;
}

const SERVICES = join(import.meta.dirname, '../../../../services');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 45_000;

/** Starts nats-server and services as children of this process, on loopback, and waits until all are ready. */
export async function startLocalServices(options: StartLocalServicesOptions): Promise<LocalServices> {
  const home = resolve(options.home);
  const names = SERVICE_NAMES.filter((name) => (options.names ?? SERVICE_NAMES).includes(name));
  const logsDir = join(home, 'logs');
  await mkdir(logsDir, { recursive: true });
  const nats = await startNatsServer({
    storeDir: join(home, 'nats'),
    ...(options.natsPort === undefined ? {} : { port: options.natsPort }),
  });
  const endpoints = Object.fromEntries(
    await Promise.all(
      SERVICE_NAMES.map(
        async (name) => [name, `127.0.0.1:${options.ports?.[name] ?? (await freePort())}`] as const,
      ),
    ),
  ) as Endpoints;
  const started: StartedService[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(started.map(stopService));
    await nats.stop();
  };
  const mourn = (name: string, how: string): void => {
    if (!isStopping)
      failure.reject(unavailable(`${name} ended (${how}); see ${join(logsDir, `${name}.log`)}`));
  };
  void nats.exited.then(() => mourn('nats-server', 'by itself'));
  try {
    for (const name of names) {
      const service = await spawnService(name, { home, logsDir, endpoints, nats });
      started.push(service);
      service.child.once('exit', (code, signal) => mourn(name, signal ?? `exit code ${code}`));
    }
    await Promise.race([Promise.all(started.map(waitUntilReady)), failure.promise]);
  } catch (error) {
    await stop();
    throw error;
  }
  const pids = Object.fromEntries(started.map(({ name, child }) => [name, child.pid ?? 0]));
  return {
    endpoints,
    natsUrl: nats.url,
    pids: { ...pids, 'nats-server': nats.pid },
    logsDir,
    died: failure.promise,
    stop,
  };
}

interface StartedService {
  readonly name: ServiceName;
  readonly child: ChildProcess;
  readonly metricsPort: number;
  readonly log: WriteStream;
}

interface Surroundings {
  readonly home: string;
  readonly logsDir: string;
  readonly endpoints: Endpoints;
  readonly nats: NatsServer;
}

async function spawnService(name: ServiceName, around: Surroundings): Promise<StartedService> {
  const { home, logsDir, endpoints, nats } = around;
  const metricsPort = await freePort();
  const addresses = Object.entries(endpoints).map(([other, address]) => [
    `CASSL_${other.toUpperCase()}_ADDRESS`,
    address,
  ]);
  const child = fork(join(SERVICES, name, 'src/main.ts'), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      OMP_WAIT_POLICY: 'passive',
      ...process.env,
      ...(Object.fromEntries(addresses) as Record<string, string>),
      CASSL_HOST: '127.0.0.1',
      CASSL_PORT: portOf(endpoints[name]),
      CASSL_METRICS_PORT: String(metricsPort),
      CASSL_NATS_URL: nats.url,
      CASSL_DATA_DIR: join(home, name),
    },
  });
  const log = createWriteStream(join(logsDir, `${name}.log`), { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  return { name, child, metricsPort, log };
}

async function waitUntilReady({ name, metricsPort, child }: StartedService): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(50);
  }
  throw unavailable(`${name} was not ready after ${START_TIMEOUT_MS / 1000} s`);
}

async function stopService({ child, log }: StartedService): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
  log.end();
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
