import { CasslError, errorCode, errorMessage, isCasslError } from '@cassl/errors';

/** The error as a caller may see it, over gRPC and HTTP alike; `undefined` for what is ours alone. */
export function shownError(error: unknown): CasslError | undefined {
  const code = errorCode(error);
  if (isCasslError(error)) return code === 'INTERNAL' ? undefined : error;
  if (code === 'CANCELLED') return new CasslError(code, 'the call was cancelled');
  if (code === 'DEADLINE_EXCEEDED') return new CasslError(code, errorMessage(error));
  if (isFull(error))
    return new CasslError('RESOURCE_EXHAUSTED', 'no space is left on the disk of this service');
  return undefined;
}

/** The file system's own error, and what SQLite makes of it. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    ['ENOSPC', 'EDQUOT'].includes(code) ||
    /database or disk is full|No space left on device/i.test(error.message)
  );
}
