import { CasslError, errorCode, errorMessage, internal, outlook, type ErrorCode } from '@cassl/errors';
import { createLogger, type Logger } from '@cassl/rpc';
import { workerChannel } from './worker-channel.ts';
import { startWorkerProcess } from './worker-process.ts';

/** How a worker says why it ends: the last message of one that failed. */
export interface WorkerFailure {
  readonly type: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
}

export interface RunWorkerOptions<Message> {
  /** The worker's entry file; it gets the folder as its argument. */
  readonly entry: string;
  /** Holds the job file, in which the worker finds all it needs. */
  readonly folder: string;
  readonly onMessage: (message: Message) => void;
  /** Aborted: SIGTERM, and SIGKILL ten seconds later. */
  readonly signal: AbortSignal;
}

/**
 * Runs one worker to its end.
 * @throws what the worker said, INTERNAL where it died without a word, the signal's reason where it was stopped
 */
export async function runWorker<Message>(options: RunWorkerOptions<Message>): Promise<void> {
  const { entry, folder, onMessage, signal } = options;
  signal.throwIfAborted();
  let failure: WorkerFailure | undefined;
  const worker = startWorkerProcess({
    entry,
    argv: [folder],
    onMessage(raw) {
      const message = raw as Message | WorkerFailure;
      if (isFailure(message)) failure = message;
      else onMessage(message);
    },
  });
  const stop = (): void => void worker.stop();
  signal.addEventListener('abort', stop, { once: true });
  const exit = await worker.exited;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (failure !== undefined) throw new CasslError(failure.code, failure.message);
  if (exit.code !== 0) {
    throw internal(
      `the worker ended with ${exit.signal ?? `exit code ${exit.code}`}; the log has its last words`,
    );
  }
}

export interface WorkerContext<Message> {
  readonly folder: string;
  readonly logger: Logger;
  readonly report: (message: Message) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * A worker's `main`: a child process of its service, or the program of a Kubernetes Job: `node worker.ts JOB_FOLDER`.
 * Exit status: 0 when done or stopped, 2 for a permanent error, 1 where another attempt may do better.
 */
export async function workerMain<Message>(
  name: string,
  work: (context: WorkerContext<Message>) => Promise<void>,
): Promise<never> {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    process.stderr.write('usage: node worker.ts JOB_FOLDER\n');
    process.exit(2);
  }
  const logger = createLogger({ name });
  const channel = workerChannel();
  try {
    await work({
      folder,
      logger,
      report: (message) => channel.report(message as object),
      signal: channel.signal,
    });
    process.exit(0);
  } catch (error) {
    const code = errorCode(error);
    logger.error({ err: error }, 'failed');
    await channel.report({ type: 'failed', code, message: errorMessage(error) } satisfies WorkerFailure);
    process.exit(outlook(code) === 'permanent' ? 2 : 1);
  }
}

function isFailure(message: unknown): message is WorkerFailure {
  return typeof message === 'object' && message !== null && (message as WorkerFailure).type === 'failed';
}
