import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cancelled, failedPrecondition } from '@cassl/errors';
import { interruption } from './interruption.ts';
import type { LifeEvent } from './keep-running.ts';
import type { Roots } from './roots.ts';
import { showLife } from './show-life.ts';
import { startLocalServices, type LocalServices } from './start-local-services.ts';
import { freePort } from './free-port.ts';
import { DEFAULT_CONSOLE_PORT, SERVICE_NAMES, type Endpoints, type ServiceName } from './service-names.ts';

/** Where services keep their data on one machine. */
export const DEFAULT_HOME = '.cassl';

interface EndpointsFile {
  readonly pid: number;
  readonly endpoints: Endpoints;
  readonly consoleUrl?: string | undefined;
}

/** Written by `cassl up`, so that other commands find its services. */
export async function writeEndpoints(
  home: string,
  { endpoints, consoleUrl }: Pick<LocalServices, 'endpoints' | 'consoleUrl'>,
): Promise<void> {
  const file: EndpointsFile = { pid: process.pid, endpoints, consoleUrl };
  // By a rename, so that nobody reads half of it.
  const draft = `${endpointsPath(home)}.${process.pid}`;
  await writeFile(draft, JSON.stringify(file, null, 2) + '\n');
  await rename(draft, endpointsPath(home));
}

export async function removeEndpoints(home: string): Promise<void> {
  await rm(endpointsPath(home), { force: true });
}

/**
 * The services that run: named by `CASSL_REGISTRY_ADDRESS` and so on, or by a `cassl up` that is alive.
 * `undefined` where there are none.
 * @throws FAILED_PRECONDITION where the file of `cassl up` is damaged
 */
export async function findEndpoints(home: string, env = process.env): Promise<Endpoints | undefined> {
  const named = SERVICE_NAMES.flatMap((name) => {
    const address = env[`CASSL_${name.toUpperCase()}_ADDRESS`];
    return address === undefined || address === '' ? [] : [[name, address] as const];
  });
  const running = (await readRunning(home))?.endpoints;
  if (named.length === 0 && running === undefined) return undefined;
  return { ...(running ?? ({} as Endpoints)), ...Object.fromEntries(named) };
}

/** The page of the console of a `cassl up` that is alive. */
export async function findConsole(home: string): Promise<string | undefined> {
  return (await readRunning(home))?.consoleUrl;
}

async function readRunning(home: string): Promise<EndpointsFile | undefined> {
  const text = await readFile(endpointsPath(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const file = parseEndpoints(text);
  if (file === undefined) {
    throw failedPrecondition(
      `${endpointsPath(home)} is damaged: remove it and start \`cassl up\` again, or name the services by CASSL_REGISTRY_ADDRESS and so on`,
    );
  }
  return isAlive(file.pid) ? file : undefined;
}

function parseEndpoints(text: string): EndpointsFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<EndpointsFile> | null;
    return Number.isInteger(file?.pid) && file?.endpoints ? (file as EndpointsFile) : undefined;
  } catch {
    return undefined;
  }
}

/** The services of this home for the time of `use`: running ones, or own ones that stop afterwards. */
export async function withServices<T>(
  options: {
    readonly home: string;
    readonly names?: readonly ServiceName[];
    /** For own services: exactly what the command needs. */
    readonly roots?: Roots;
    /** Own services come with a console. */
    readonly console?: boolean;
    /** For own services: further settings. */
    readonly env?: Readonly<Record<string, string>>;
    readonly onStart?: () => void;
    /** What Ctrl-C shall say where running services carry on what was asked for. */
    readonly comeBack?: () => string | undefined;
  },
  use: (endpoints: Endpoints, own: LocalServices | undefined) => Promise<T>,
): Promise<T> {
  const running = await findEndpoints(options.home);
  const interrupted = interruption();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  interrupted.onSignal(() => {
    const hint = running === undefined ? 'run the same command again to go on' : options.comeBack?.();
    broken.reject(cancelled(hint === undefined ? 'interrupted' : `interrupted; ${hint}`));
  });
  try {
    if (running !== undefined) return await Promise.race([use(running, undefined), broken.promise]);
    options.onStart?.();
    const own = await startLocalServices({
      ...options,
      signal: interrupted.signal,
      onEvent: sayDeaths,
      ...(options.console === true ? { consolePort: await freePort(DEFAULT_CONSOLE_PORT) } : {}),
    });
    try {
      return await Promise.race([use(own.endpoints, own), own.died, broken.promise]);
    } finally {
      await own.stop();
    }
  } finally {
    interrupted.end();
  }
}

/** Starts are expected; deaths are not. */
function sayDeaths(event: LifeEvent): void {
  if (event.what === 'died') showLife(event);
}

function endpointsPath(home: string): string {
  return join(resolve(home), 'endpoints.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
