import { basename } from 'node:path';
import { errorCode, errorMessage, outlook, type ErrorCode } from '@cassl/errors';
import { createLogger, type Logger } from '@cassl/rpc';
import { inSpan, inTrace, startTelemetry } from '@cassl/telemetry';
import { workerChannel } from './worker-channel.ts';

/** How a worker says why it ends: the last message of one that failed. */
export interface WorkerFailure {
  readonly type: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
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
  const logger = createLogger({ name }).child({ job: basename(folder) });
  const channel = workerChannel();
  const telemetry = await startTelemetry({ name: `cassl-${name}` });
  try {
    const report = (message: Message): Promise<void> => channel.report(message as object);
    await inTrace(process.env['TRACEPARENT'] ?? '', () =>
      inSpan(name, {}, () => work({ folder, logger, report, signal: channel.signal })),
    );
    await telemetry.stop();
    process.exit(0);
  } catch (error) {
    if (channel.signal.aborted) {
      // What it was told to leave fails in many ways, none of which is a fault of the job.
      logger.info({ err: error }, 'stopped');
      await telemetry.stop();
      process.exit(0);
    }
    const code = errorCode(error);
    logger.error({ err: error }, 'failed');
    await channel.report({ type: 'failed', code, message: errorMessage(error) } satisfies WorkerFailure);
    await telemetry.stop();
    process.exit(outlook(code) === 'permanent' ? 2 : 1);
  }
}

/** Whether a worker's message is its last one. */
export function isWorkerFailure(message: unknown): message is WorkerFailure {
  return typeof message === 'object' && message !== null && (message as WorkerFailure).type === 'failed';
}
