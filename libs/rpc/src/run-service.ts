import { errorCode, errorMessage } from '@cassl/errors';
import { limitAddresses } from '@cassl/storage';
import { createLogger, type Logger } from './logger.ts';

export interface Stoppable {
  /** Finishes or hands back work, then resolves. */
  stop(): Promise<void>;
}

export interface RunServiceOptions {
  /** Name in logs. */
  readonly name: string;
  /** Builds and starts the service. */
  readonly main: (context: { readonly logger: Logger }) => Promise<Stoppable>;
  /** A stop that hangs longer than this ends in exit 1; default 60,000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Runs a service as this process, which from then on opens no address of a request outside its roots: starts it, and stops it on SIGTERM, SIGINT or when the parent that forked it goes away.
 * Exit status: 0 after a stop, 2 for bad settings, 1 for any other failure. A second signal ends at once.
 */
export async function runService(options: RunServiceOptions): Promise<void> {
  const { name, main, stopTimeoutMs = 60_000 } = options;
  const logger = createLogger({ name });
  process.on('unhandledRejection', (error) => die(logger, error, 'unhandled rejection'));
  process.on('uncaughtException', (error) => die(logger, error, 'uncaught exception'));
  const asked = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      asked.resolve(signal);
      process.once(signal, () => process.exit(1));
    });
  }
  if (process.connected) process.once('disconnect', () => asked.resolve('parent gone'));

  let service: Stoppable;
  try {
    limitAddresses();
    service = await main({ logger });
  } catch (error) {
    logger.fatal({ err: error }, 'cannot start');
    process.stderr.write(`${name}: ${errorMessage(error)}\n`);
    process.exit(errorCode(error) === 'INVALID_ARGUMENT' ? 2 : 1);
  }
  logger.info({ reason: await asked.promise }, 'stopping');
  setTimeout(
    () => die(logger, new Error(`not stopped after ${stopTimeoutMs} ms`), 'stop hangs'),
    stopTimeoutMs,
  ).unref();
  await service.stop();
  process.exit(0);
}

function die(logger: Logger, error: unknown, what: string): never {
  logger.fatal({ err: error }, what);
  process.exit(1);
}
