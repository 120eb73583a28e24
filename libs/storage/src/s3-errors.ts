import { CasslError, type ErrorCode, errorMessage } from '@cassl/errors';

// Refused requests and credentials are this service's own fault or its operator's, never that of who called it.
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'FAILED_PRECONDITION',
  401: 'FAILED_PRECONDITION',
  403: 'FAILED_PRECONDITION',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  416: 'OUT_OF_RANGE',
  429: 'UNAVAILABLE',
};

/** Answers 400 that a slow or broken connection got, not a bad request: another attempt is worth it. */
const CUT_SHORT = new Set(['RequestTimeout', 'IncompleteBody']);

/** True for the answers 404, NoSuchKey and NotFound. */
export function isNotFound(error: unknown): boolean {
  return httpStatus(error) === 404;
}

/** The answer to a put that wanted to be the first: 412, or 409 while another one is being written. */
export function isTaken(error: unknown): boolean {
  return httpStatus(error) === 412 || httpStatus(error) === 409;
}

/** Gives an SDK error our status: by its HTTP status, UNAVAILABLE where no answer came. Ours and aborts pass through. */
export function translateS3Error(error: unknown, action: string): unknown {
  if (error instanceof CasslError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  const status = httpStatus(error);
  const isCredentials = error instanceof Error && error.name === 'CredentialsProviderError';
  const isCutShort = error instanceof Error && CUT_SHORT.has(error.name);
  const ofStatus = isCutShort ? undefined : CODE_OF_STATUS[status ?? 0];
  const code = isCredentials ? 'FAILED_PRECONDITION' : (ofStatus ?? 'UNAVAILABLE');
  return new CasslError(code, `cannot ${action}: ${errorMessage(error)}`, { cause: error });
}

function httpStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode;
}
