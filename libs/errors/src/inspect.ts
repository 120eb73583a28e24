import { CasslError, type ErrorCode } from './cassl-error.ts';

export function isCasslError(error: unknown): error is CasslError {
  return error instanceof CasslError;
}

/** The message of anything that can be thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The status of anything that can be thrown: an abort is CANCELLED, a stranger is UNKNOWN. */
export function errorCode(error: unknown): ErrorCode {
  if (isCasslError(error)) return error.code;
  if (error instanceof Error && error.name === 'AbortError') return 'CANCELLED';
  if (error instanceof Error && error.name === 'TimeoutError') return 'DEADLINE_EXCEEDED';
  return 'UNKNOWN';
}
