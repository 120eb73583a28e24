import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage } from '@cassl/errors';
import { limitAddresses } from '@cassl/storage';
import { startTelemetry } from '@cassl/telemetry';
import { createLogger, type Logger } from './logger.ts';
import { serve, type RunningServer, type ServeOptions } from './serve.ts';
import { serverSecurity } from './server-settings.ts';

/** Where and how to serve: the settings of `serverSettings`. */
export type ServiceConfig = Parameters<typeof serverSecurity>[0] & {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly drainMs: number;
};

/** What a service is made of, once its parts are open. */
export interface ServiceParts extends Pick<ServeOptions, 'services' | 'ready' | 'metrics'> {
  readonly config: ServiceConfig;
  /** Once it serves; the start waits for it. */
  readonly onServing?: (server: RunningServer) => void | Promise<void>;
  /** Hands led jobs back, and ends what is served beside gRPC, while the accepted calls are answered. */
  readonly handBack?: () => Promise<unknown>;
}

export interface ServiceStart {
  readonly logger: Logger;
  /** Closes a part, last opened first, after the last call is answered. */
  readonly atStop: (close: () => unknown) => void;
}

export interface RunServiceOptions {
  /** Name in logs and metrics. */
  readonly name: string;
  /** Opens the parts. */
  readonly main: (context: ServiceStart) => Promise<ServiceParts>;
}

/** Of the drain time: the rest is for closing the parts. */
const SHARE_OF_CALLS = 0.9;

/**
 * Runs a service as this process, which from then on opens no address of a request outside its roots: opens its parts, serves
 * them, and stops on SIGTERM, SIGINT or when the parent that forked it goes away, also while it still starts. A stop answers the
 * accepted calls and hands jobs back, then closes the parts; the process ends within the drain time, whatever hangs.
 * Exit status: 0 after a stop, 2 for bad settings, 1 for any other failure. A second signal ends at once.
 */
export async function runService({ name, main }: RunServiceOptions): Promise<void> {
  const logger = createLogger({ name });
  process.on('unhandledRejection', (error) => die(logger, error, 'unhandled rejection'));
  process.on('uncaughtException', (error) => die(logger, error, 'uncaught exception'));
  const stopped = stopRequest();
  const closers: (() => unknown)[] = [];
  const start = async (): Promise<Served> => {
    limitAddresses();
    const telemetry = await startTelemetry({ name: `cassl-${name}` });
    closers.push(() => telemetry.stop());
    const parts = await main({ logger, atStop: (close) => void closers.unshift(close) });
    const server = await serveParts(name, parts, logger);
    await telemetry.exportMetrics(async () =>
      (await import('./metric-producer.ts')).metricProducer(server.metrics),
    );
    return { parts, server };
  };
  let served: Served | undefined;
  try {
    served = await Promise.race([start(), stopped.then(() => undefined)]);
  } catch (error) {
    logger.fatal({ err: error }, 'cannot start');
    process.stderr.write(`${name}: ${errorMessage(error)}\n`);
    return end(errorCode(error) === 'INVALID_ARGUMENT' ? 2 : 1);
  }
  logger.info({ reason: await stopped }, 'stopping');
  if (served !== undefined) await stop(served, closers, logger);
  end(0);
}

interface Served {
  readonly parts: ServiceParts;
  readonly server: RunningServer;
}

async function serveParts(name: string, parts: ServiceParts, logger: Logger): Promise<RunningServer> {
  const { config, services, ready, metrics } = parts;
  const { host, port, metricsPort } = config;
  const security = serverSecurity(config);
  const server = await serve({ services, ready, metrics, name, host, port, metricsPort, security, logger });
  await parts.onServing?.(server);
  return server;
}

async function stop(
  { parts, server }: Served,
  closers: readonly (() => unknown)[],
  logger: Logger,
): Promise<void> {
  const { drainMs } = parts.config;
  setTimeout(() => {
    logger.fatal({ drainMs }, 'not stopped in time');
    process.kill(process.pid, 'SIGKILL');
  }, drainMs);
  const callsMs = drainMs * SHARE_OF_CALLS;
  const handedBack = Promise.race([parts.handBack?.(), delay(callsMs, undefined, { ref: false })]);
  await Promise.all([server.stop({ drainMs: callsMs }), handedBack]);
  for (const close of closers) await close();
}

/** Resolves with who asked this process to stop; the second signal is not waited for. */
function stopRequest(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      resolve(signal);
      process.once(signal, () => end(1));
    });
  }
  if (process.connected) process.once('disconnect', () => resolve('parent gone'));
  return promise;
}

/** `process.exit` waits for the threads that file calls run on: one that a dead disk holds would keep the process. */
function end(status: number): never {
  const waitsForFiles = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (waitsForFiles) process.kill(process.pid, 'SIGKILL');
  process.exit(status);
}

function die(logger: Logger, error: unknown, what: string): never {
  logger.fatal({ err: error }, what);
  return end(1);
}
