import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import { freePort } from './free-port.ts';
import { rootsEnvironment, type Roots } from './roots.ts';
import { DEFAULT_HTTP_PORTS, DEFAULT_PORTS, type Endpoints, type ServiceName } from './service-names.ts';

/** What a service of this machine finds around itself. */
export interface ServiceSurroundings {
  /** Each service keeps its data in a folder of its name in here, its log in `logs`. */
  readonly home: string;
  readonly endpoints: Endpoints;
  readonly natsUrl: string;
  /** What requests may read and write, besides what the environment says already. */
  readonly roots?: Roots | undefined;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The console shows what the services do; nothing depends on it. */
export type ProcessName = ServiceName | 'console';

/** How a process ended: "exit code 1", "SIGKILL". */
export type HowEnded = string;

export interface ServiceProcess {
  readonly name: ProcessName;
  readonly pid: number;
  /** Of those that answer HTTP. */
  readonly httpUrl: string | undefined;
  /** Resolves when it serves. @throws UNAVAILABLE after a minute, or when it ends first */
  ready(): Promise<void>;
  readonly ended: Promise<HowEnded>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `limitMs`. @default 45_000 */
  stop(limitMs?: number): Promise<HowEnded>;
}

const SERVICES = join(import.meta.dirname, '../../../../services');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 45_000;

/** HTTP has its usual port beside the usual gRPC port, and a free one beside any other; the console's is chosen by its starter. */
async function httpPortOf(
  name: ProcessName,
  { endpoints }: ServiceSurroundings,
): Promise<number | undefined> {
  const usual = name === 'console' ? undefined : DEFAULT_HTTP_PORTS[name];
  if (name === 'console' || usual === undefined) return undefined;
  return endpoints[name].endsWith(`:${DEFAULT_PORTS[name]}`) ? usual : freePort();
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** Starts one service as a child of this process; when this process dies, the service stops by itself. */
export async function startService(name: ProcessName, around: ServiceSurroundings): Promise<ServiceProcess> {
  const { home, endpoints, natsUrl, env, roots } = around;
  const metricsPort = await freePort();
  const httpPort = await httpPortOf(name, around);
  const addresses = Object.entries(endpoints).map(([other, address]) => [
    `CASSL_${other.toUpperCase()}_ADDRESS`,
    address,
  ]);
  await mkdir(join(home, 'logs'), { recursive: true });
  const logFile = join(home, 'logs', `${name}.log`);
  const child = fork(join(SERVICES, name, 'src/main.ts'), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      OMP_WAIT_POLICY: 'passive',
      ...process.env,
      ...(Object.fromEntries(addresses) as Record<string, string>),
      CASSL_HOST: '127.0.0.1',
      CASSL_PORT: name === 'console' ? '0' : portOf(endpoints[name]),
      CASSL_METRICS_PORT: String(metricsPort),
      ...(httpPort === undefined ? {} : { CASSL_HTTP_PORT: String(httpPort) }),
      CASSL_NATS_URL: natsUrl,
      CASSL_DATA_DIR: join(home, name),
      ...rootsEnvironment(home, roots),
      ...env,
    },
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const ended = once(child, 'exit').then(([code, signal]): HowEnded => {
    // What workers of the service still write arrives a moment later.
    setTimeout(() => log.end(), 1000).unref();
    return (signal as string | null) ?? `exit code ${code as number}`;
  });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;

  return {
    name,
    pid: child.pid ?? 0,
    httpUrl: httpPort === undefined ? undefined : `http://127.0.0.1:${httpPort}`,
    ended,
    kill: (signal) => void child.kill(signal),
    async ready() {
      const deadline = performance.now() + START_TIMEOUT_MS;
      while (performance.now() < deadline && isAlive()) {
        const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined);
        if (answer?.ok === true) return;
        await delay(50);
      }
      const what = isAlive() ? `was not ready after ${START_TIMEOUT_MS / 1000} s` : 'ended while it started';
      throw unavailable(`${name} ${what}; see ${logFile}`);
    },
    async stop(limitMs = STOP_TIMEOUT_MS) {
      if (!isAlive()) return ended;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
      const how = await ended;
      clearTimeout(timer);
      return how;
    },
  };
}
