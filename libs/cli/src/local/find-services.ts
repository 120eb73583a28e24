import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Roots } from './roots.ts';
import { startLocalServices, type LocalServices } from './start-local-services.ts';
import { SERVICE_NAMES, type Endpoints, type ServiceName } from './service-names.ts';

/** Where services keep their data on one machine. */
export const DEFAULT_HOME = '.cassl';

interface EndpointsFile {
  readonly pid: number;
  readonly endpoints: Endpoints;
}

/** Written by `cassl up`, so that other commands find its services. */
export async function writeEndpoints(home: string, endpoints: Endpoints): Promise<void> {
  const file: EndpointsFile = { pid: process.pid, endpoints };
  await writeFile(endpointsPath(home), JSON.stringify(file, null, 2) + '\n');
}

export async function removeEndpoints(home: string): Promise<void> {
  await rm(endpointsPath(home), { force: true });
}

/**
 * The services that run: named by `CASSL_REGISTRY_ADDRESS` and so on, or by a `cassl up` that is alive.
 * `undefined` where there are none.
 */
export async function findEndpoints(home: string, env = process.env): Promise<Endpoints | undefined> {
  const named = SERVICE_NAMES.flatMap((name) => {
    const address = env[`CASSL_${name.toUpperCase()}_ADDRESS`];
    return address === undefined || address === '' ? [] : [[name, address] as const];
  });
  const running = await readEndpoints(home);
  if (named.length === 0 && running === undefined) return undefined;
  return { ...(running ?? ({} as Endpoints)), ...Object.fromEntries(named) };
}

async function readEndpoints(home: string): Promise<Endpoints | undefined> {
  const text = await readFile(endpointsPath(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { pid, endpoints } = JSON.parse(text) as EndpointsFile;
  return isAlive(pid) ? endpoints : undefined;
}

/** The services of this home for the time of `use`: running ones, or own ones that stop afterwards. */
export async function withServices<T>(
  options: {
    readonly home: string;
    readonly names?: readonly ServiceName[];
    /** For own services: exactly what the command needs. */
    readonly roots?: Roots;
    readonly onStart?: () => void;
  },
  use: (endpoints: Endpoints, own: LocalServices | undefined) => Promise<T>,
): Promise<T> {
  const running = await findEndpoints(options.home);
  if (running !== undefined) return use(running, undefined);
  options.onStart?.();
  const own = await startLocalServices(options);
  const interrupted = Promise.withResolvers<never>();
  const onSignal = (): void =>
    interrupted.reject(new Error('interrupted; run the same command again to go on'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    return await Promise.race([use(own.endpoints, own), own.died, interrupted.promise]);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    await own.stop();
  }
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
