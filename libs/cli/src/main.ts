import { CommanderError } from 'commander';
import { errorCode, errorMessage, isCasslError, type ErrorCode } from '@cassl/errors';
import { createProgram } from './program.ts';
import { traceCommand } from './trace-command.ts';

/** What the caller can mend by changing the call. */
const CALLERS: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
];

// `cassl … | head` ends when its reader does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  const program = await createProgram();
  await traceCommand(`cassl ${process.argv[2] ?? ''}`.trim(), () => program.parseAsync());
} catch (error) {
  // An interruption has said already how this process is to end.
  const wasInterrupted = process.exitCode !== undefined && errorCode(error) === 'CANCELLED';
  if (!wasInterrupted) process.exitCode = exitCode(error);
  if (!(error instanceof CommanderError)) console.error(`cassl: ${errorMessage(error)}`);
  // Calls that nobody waits for any more shall not hold it.
  if (wasInterrupted) process.exit();
}

/** 0 for help and version, 2 for `CALLERS`, 1 for the rest. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!isCasslError(error)) return 1;
  return CALLERS.includes(error.code) ? 2 : 1;
}
