import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cancelled, unavailable } from '@cassl/errors';
import { startNatsServer } from '@cassl/events';
import { endOrphanedNats, forgetNats, rememberNats } from './end-orphaned-nats.ts';
import { freePort } from './free-port.ts';
import { startService, type ServiceProcess } from './service-process.ts';
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
  /** Gives up starting, and stops what was started. */
  readonly signal?: AbortSignal | undefined;
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
  readonly pids: Readonly<Record<string, number>>;
  readonly logsDir: string;
  /** Rejects when a service or nats-server ends by itself: nothing is restarted silently. */
  readonly died: Promise<never>;
  /** SIGTERM to the services, then to nats-server. */
  stop(): Promise<void>;
}

/** Starts nats-server and services as children of this process, on loopback, and waits until all are ready. */
export async function startLocalServices(options: StartLocalServicesOptions): Promise<LocalServices> {
  const home = resolve(options.home);
  const { consolePort } = options;
  const names = SERVICE_NAMES.filter((name) => (options.names ?? SERVICE_NAMES).includes(name));
  const logsDir = join(home, 'logs');
  await mkdir(home, { recursive: true });
  await endOrphanedNats(home);
  const nats = await startNatsServer({
    storeDir: join(home, 'nats'),
    ...(options.natsPort === undefined ? {} : { port: options.natsPort }),
  });
  await rememberNats(home, nats.pid);
  const endpoints = Object.fromEntries(
    await Promise.all(
      SERVICE_NAMES.map(
        async (name) => [name, `127.0.0.1:${options.ports?.[name] ?? (await freePort())}`] as const,
      ),
    ),
  ) as Endpoints;
  const started: ServiceProcess[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(started.map((service) => service.stop(STOP_MS)));
    await nats.stop();
    await forgetNats(home);
  };
  const mourn = (name: string, how: string): void => {
    if (isStopping) return;
    failure.reject(unavailable(`${name} ended (${how}); see ${join(logsDir, `${name}.log`)}`));
  };
  const giveUp = (): void => failure.reject(cancelled('interrupted while the services were starting'));
  options.signal?.addEventListener('abort', giveUp, { once: true });
  void nats.exited.then(() => mourn('nats-server', 'by itself'));
  try {
    for (const name of consolePort === undefined ? names : [...names, 'console' as const]) {
      if (options.signal?.aborted === true) throw cancelled('interrupted while the services were starting');
      const service = await startService(name, {
        home,
        endpoints,
        natsUrl: nats.url,
        roots: options.roots,
        env: {
          CASSL_DRAIN_MS: process.env.CASSL_DRAIN_MS ?? String(DRAIN_MS),
          ...(name === 'console' ? consoleEnvironment(Number(consolePort), logsDir) : {}),
        },
      });
      started.push(service);
      void service.ended.then((how) => mourn(name, how));
    }
    await Promise.race([Promise.all(started.map((service) => service.ready())), failure.promise]);
  } catch (error) {
    await stop();
    throw error;
  }
  const pids = Object.fromEntries(started.map(({ name, pid }) => [name, pid]));
  const http = started.flatMap(({ name, httpUrl }) =>
    httpUrl === undefined ? [] : [[name, httpUrl] as const],
  );
  return {
    endpoints,
    http: Object.fromEntries(http),
    natsUrl: nats.url,
    consoleUrl: consolePort === undefined ? undefined : `http://127.0.0.1:${consolePort}`,
    pids: { ...pids, 'nats-server': nats.pid },
    logsDir,
    died: failure.promise,
    stop,
  };
}

function consoleEnvironment(port: number, logsDir: string): Record<string, string> {
  return { CASSL_HTTP_PORT: String(port), CASSL_LOGS_DIR: logsDir };
}
