import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { rootsEnvironment, type Roots } from './roots.ts';
import { DEFAULT_HTTP_PORTS, DEFAULT_PORTS, type Endpoints, type ServiceName } from './service-names.ts';
import { waitUntilReady } from './wait-until-ready.ts';

/** What a service of this machine finds around itself. */
export interface ServiceSurroundings {
  /** Each service keeps its data in a folder of its name in here, its log in `logs`. */
  readonly home: string;
  readonly endpoints: Endpoints;
  readonly natsUrl: string;
  /** What requests may read and write, besides what the environment says already. */
  readonly roots?: Roots | undefined;
  /** Of the console's page. */
  readonly consolePort?: number | undefined;
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
  readonly logFile: string;
  /** `http://host:port` of `/metrics`, `/healthz` and `/readyz`. */
  readonly metricsUrl: string;
  /** Of those that answer HTTP. */
  readonly httpUrl: string | undefined;
  /**
   * Resolves when it serves. A loaded machine gets the time it needs, as long as the service does something.
   * @throws UNAVAILABLE, with its last words, when it ends first or nothing happens for a minute
   */
  ready(): Promise<void>;
  readonly ended: Promise<HowEnded>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `limitMs`. @default 45_000 */
  stop(limitMs?: number): Promise<HowEnded>;
}

const SERVICES = join(import.meta.dirname, '../../../../services');
const STOP_TIMEOUT_MS = 45_000;

/** HTTP has its usual port beside the usual gRPC port, and a free one beside any other; the console's is chosen by its starter. */
async function httpPortOf(
  name: ProcessName,
  { endpoints, consolePort }: ServiceSurroundings,
): Promise<number | undefined> {
  if (name === 'console') return consolePort;
  if (DEFAULT_HTTP_PORTS[name] === undefined) return undefined;
  return usualHttpPort(name, endpoints) ?? freePort();
}

/** Of a service that has its usual gRPC port. */
export function usualHttpPort(name: ServiceName, endpoints: Endpoints): number | undefined {
  return portOf(endpoints[name]) === String(DEFAULT_PORTS[name]) ? DEFAULT_HTTP_PORTS[name] : undefined;
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
    // Ctrl-C of a terminal goes to its whole group: who started the services ends them, in order.
    detached: true,
    env: {
      OMP_WAIT_POLICY: 'passive',
      // Its few threads leave 17 MB in heaps of their own.
      ...(name === 'registry' ? { MALLOC_ARENA_MAX: '1' } : {}),
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
  let lastWords = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.pipe(log, { end: false });
    stream?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-4000)));
  }
  const ended = once(child, 'exit').then(([code, signal]): HowEnded => {
    // What workers of the service still write arrives a moment later.
    setTimeout(() => log.end(), 1000).unref();
    return (signal as string | null) ?? `exit code ${code as number}`;
  });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;

  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    metricsUrl,
    httpUrl: httpPort === undefined ? undefined : `http://127.0.0.1:${httpPort}`,
    ended,
    kill: (signal) => void child.kill(signal),
    ready: () =>
      waitUntilReady({
        name,
        pid: child.pid ?? 0,
        url: `${metricsUrl}/readyz`,
        isAlive,
        lastWords: () => lastWords,
        logFile,
      }),
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
