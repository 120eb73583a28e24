import { CommanderError } from 'commander';
import { errorCode, errorMessage } from '@cassl/errors';
import { exitCode } from './exit-code.ts';
import { createProgram } from './program.ts';
import { traceCommand } from './trace-command.ts';

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
