import { errorCode, errorMessage, isCasslError } from '@cassl/errors';
import { createLogger } from '@cassl/rpc';
import { workerChannel } from '@cassl/workers';
import { runTrainingJob } from './run-training-job.ts';
import type { TrainingMessage } from './training-messages.ts';

/** Failures that another attempt may mend. */
const TRANSIENT = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'CANCELLED',
  'INTERNAL',
  'UNKNOWN',
]);

// One training, as a child process of the trainer or as a Kubernetes Job: node worker.ts JOB_FOLDER
const [folder] = process.argv.slice(2);
const logger = createLogger({ name: 'training-worker' });
const channel = workerChannel();
const report = (message: TrainingMessage): Promise<void> => channel.report(message);
if (folder === undefined) {
  process.stderr.write('usage: node worker.ts JOB_FOLDER\n');
  process.exit(2);
}
try {
  await runTrainingJob({ folder, report, signal: channel.signal, logger });
  process.exit(0);
} catch (error) {
  logger.error({ err: error }, 'training failed');
  if (isCasslError(error) && !TRANSIENT.has(error.code)) {
    await report({ type: 'failed', code: errorCode(error), message: errorMessage(error) });
  }
  process.exit(1);
}
