import { CommanderError } from 'commander';
import { isCasslError, type ErrorCode } from '@cassl/errors';

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
/** The same of a path, as the operating system says it. */
const OF_A_PATH: readonly unknown[] = [
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EEXIST',
  'ENAMETOOLONG',
];

/** 0 for help and version, 2 for what the caller can mend, 1 for the rest. */
export function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isCasslError(error)) return CALLERS.includes(error.code) ? 2 : 1;
  return isOfAPath(error) ? 2 : 1;
}

function isOfAPath(error: unknown): boolean {
  return error instanceof Error && 'path' in error && 'code' in error && OF_A_PATH.includes(error.code);
}
