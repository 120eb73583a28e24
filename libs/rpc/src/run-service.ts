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
  /** A stop that takes longer than this ends in SIGKILL; default: `CASSL_DRAIN_MS`, else 25,000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Runs a service as this process, which from then on opens no address of a request outside its roots: starts it, and stops
 * it on SIGTERM, SIGINT or when the parent that forked it goes away, also while it still starts. Once asked to stop, the
 * process ends within the drain time, whatever hangs.
 * Exit status: 0 after a stop, 2 for bad settings, 1 for any other failure. A second signal ends at once.
 */
export async function runService(options: RunServiceOptions): Promise<void> {
  const { name, main, stopTimeoutMs = Number(process.env.CASSL_DRAIN_MS || 25_000) } = options;
  const logger = createLogger({ name });
  process.on('unhandledRejection', (error) => die(logger, error, 'unhandled rejection'));
  process.on('uncaughtException', (error) => die(logger, error, 'uncaught exception'));
  const asked = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      asked.resolve(signal);
      process.once(signal, () => end(1));
    });
  }
  if (process.connected) process.once('disconnect', () => asked.resolve('parent gone'));

  let service: Stoppable | undefined;
  try {
    limitAddresses();
    service = await Promise.race([main({ logger }), asked.promise.then(() => undefined)]);
  } catch (error) {
    logger.fatal({ err: error }, 'cannot start');
    process.stderr.write(`${name}: ${errorMessage(error)}\n`);
    return end(errorCode(error) === 'INVALID_ARGUMENT' ? 2 : 1);
  }
  logger.info({ reason: await asked.promise }, 'stopping');
  setTimeout(() => {
    logger.fatal({ stopTimeoutMs }, 'not stopped in time');
    process.kill(process.pid, 'SIGKILL');
  }, stopTimeoutMs);
  await service?.stop();
  end(0);
}

/** `process.exit` waits for the threads that file calls run on: one that a dead disk holds would keep the process for ever. */
function end(status: number): never {
  const waitsForFiles = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (waitsForFiles) process.kill(process.pid, 'SIGKILL');
  process.exit(status);
}

function die(logger: Logger, error: unknown, what: string): never {
  logger.fatal({ err: error }, what);
  return end(1);
}
