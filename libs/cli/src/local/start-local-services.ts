import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cancelled, unavailable } from '@cassl/errors';
import { startNatsServer, type NatsServer } from '@cassl/events';
import { checkPorts } from './check-ports.ts';
import { endOrphanedNats, forgetNats, rememberNats } from './end-orphaned-nats.ts';
import { freePort } from './free-port.ts';
import { keepRunning, type Kept, type LifeEvent, type Runnable } from './keep-running.ts';
import { startService, usualHttpPort, type ServiceProcess } from './service-process.ts';
import type { Roots } from './roots.ts';
import { SERVICE_NAMES, type Endpoints, type ServiceName } from './service-names.ts';

export interface StartLocalServicesOptions {
  /** Holds everything that outlives the services: streams, checkpoints, jobs, logs. */
  readonly home: string;
  /** Default: all four. */
  readonly names?: readonly ServiceName[];
  /** Default: free ones. */
  readonly ports?: Readonly<Record<ServiceName, number>>;
  readonly natsPort?: number;
  /** Port of the console's page; without it no console is started. */
  readonly consolePort?: number | undefined;
  readonly roots?: Roots | undefined;
  /** Further settings of the services. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Gives up starting, and stops what was started. */
  readonly signal?: AbortSignal | undefined;
  /** Told of what is ready, of what died, and when that is started again. */
  readonly onEvent?: ((event: LifeEvent) => void) | undefined;
}

/** Ctrl-C lets nobody wait longer than ten seconds: services end by themselves, then they are ended, then nats-server. */
const DRAIN_MS = 6000;
const STOP_MS = 7000;

export interface LocalServices {
  readonly endpoints: Endpoints;
  /** Addresses of the registry's views and of the labeler's faces. */
  readonly http: Readonly<Record<string, string>>;
  readonly natsUrl: string;
  /** Address of the console's page, where one was asked for. */
  readonly consoleUrl: string | undefined;
  /** As they are now: a service that was started again has another one. */
  readonly pids: Readonly<Record<string, number>>;
  /** `http://host:port` of each service's metrics and probes, as they are now. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly logsDir: string;
  /** Rejects when a service or nats-server is given up, having died again and again. */
  readonly died: Promise<never>;
  /** SIGTERM to the services, then to nats-server. */
  stop(): Promise<void>;
}

/** Starts nats-server and services as children of this process, on loopback, waits until all are ready, and keeps them running. */
export async function startLocalServices(options: StartLocalServicesOptions): Promise<LocalServices> {
  const home = resolve(options.home);
  const { ports, consolePort, signal, roots, onEvent = () => undefined } = options;
  const names = SERVICE_NAMES.filter((name) => (options.names ?? SERVICE_NAMES).includes(name));
  const logsDir = join(home, 'logs');
  await mkdir(home, { recursive: true });
  await endOrphanedNats(home);
  const endpoints = await addresses(ports);
  if (ports !== undefined) await checkPorts(portsToHave(names, ports, endpoints, consolePort));
  signal?.throwIfAborted();
  const nats = await keepNats(home, options.natsPort, onEvent);
  const kept: Kept<ServiceProcess>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([nats, ...kept].map((one) => one.letGo()));
    await Promise.all(kept.map((one) => one.current.stop(STOP_MS)));
    await nats.current.server.stop();
    await forgetNats(home);
  };
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  signal?.addEventListener(
    'abort',
    () => aborted.reject(cancelled('interrupted while the services were starting')),
    {
      once: true,
    },
  );
  const natsUrl = nats.current.server.url;
  const env = {
    CASSL_DRAIN_MS: process.env.CASSL_DRAIN_MS ?? String(DRAIN_MS),
    ...(consolePort === undefined
      ? {}
      : { CASSL_LOGS_DIR: logsDir, CASSL_EXPERIMENTS_DIR: join(home, 'experiments') }),
    ...options.env,
  };
  try {
    for (const name of consolePort === undefined ? names : [...names, 'console' as const]) {
      signal?.throwIfAborted();
      const start = (): Promise<ServiceProcess> =>
        startService(name, {
          home,
          endpoints,
          natsUrl,
          roots,
          env: { ...env, ...registryUrl(kept) },
          consolePort,
        });
      kept.push(await keepRunning({ name, start, onEvent }));
    }
    await Promise.race([Promise.all(kept.map(({ ready }) => ready)), aborted.promise, nats.givenUp]);
  } catch (error) {
    await stop();
    throw error;
  }
  const died = Promise.race([nats, ...kept].map((one) => one.givenUp)).catch((error: unknown) => {
    throw unavailable(`${(error as Error).message}; see ${logsDir}`, { cause: error });
  });
  died.catch(() => undefined);
  const now = <T>(read: (service: ServiceProcess) => T): Record<string, T> =>
    Object.fromEntries(kept.map(({ current }) => [current.name, read(current)]));
  return {
    endpoints,
    natsUrl,
    consoleUrl: consolePort === undefined ? undefined : `http://127.0.0.1:${consolePort}`,
    get pids() {
      return { ...now(({ pid }) => pid), 'nats-server': nats.current.server.pid };
    },
    get metrics() {
      return now(({ metricsUrl }) => metricsUrl);
    },
    get http() {
      const urls = kept.map(({ current: { name, httpUrl } }) => [name, httpUrl] as const);
      return Object.fromEntries(urls.flatMap(([name, url]) => (url === undefined ? [] : [[name, url]])));
    },
    logsDir,
    died,
    stop,
  };
}

/** The console shows how to pull from there. */
function registryUrl(kept: readonly Kept<ServiceProcess>[]): Record<string, string> {
  const url = kept.find(({ current }) => current.name === 'registry')?.current.httpUrl;
  return url === undefined ? {} : { CASSL_REGISTRY_HTTP_URL: url };
}

async function addresses(ports: StartLocalServicesOptions['ports']): Promise<Endpoints> {
  const pairs = SERVICE_NAMES.map(
    async (name) => [name, `127.0.0.1:${ports?.[name] ?? (await freePort())}`] as const,
  );
  return Object.fromEntries(await Promise.all(pairs)) as Endpoints;
}

/** By what they are for. */
function portsToHave(
  names: readonly ServiceName[],
  ports: Readonly<Record<ServiceName, number>>,
  endpoints: Endpoints,
  consolePort: number | undefined,
): Record<string, number> {
  const http = names.flatMap((name) => {
    const port = usualHttpPort(name, endpoints);
    return port === undefined ? [] : [[`the ${name}'s HTTP`, port] as const];
  });
  return {
    ...Object.fromEntries(names.map((name) => [`the ${name}`, ports[name]])),
    ...Object.fromEntries(http),
    ...(consolePort === undefined ? {} : { 'the console': consolePort }),
  };
}

type NatsProcess = Runnable & { readonly server: NatsServer };

/** Started again on its folder and port, it has everything it had. */
async function keepNats(
  home: string,
  natsPort: number | undefined,
  onEvent: (event: LifeEvent) => void,
): Promise<Kept<NatsProcess>> {
  const port = natsPort ?? (await freePort());
  const start = async (): Promise<NatsProcess> => {
    const server = await startNatsServer({ storeDir: join(home, 'nats'), port });
    await rememberNats(home, server.pid);
    return { server, ready: () => Promise.resolve(), ended: server.exited.then(() => 'by itself') };
  };
  return keepRunning({ name: 'nats-server', start, onEvent });
}
