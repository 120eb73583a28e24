import { CasslError, errorCode, errorMessage } from '@cassl/errors';
import type { Failure } from './request.ts';

const STATUS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 416,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 413,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** Our errors are for the caller; of any other only the log learns more than its id. */
export function failureOf(error: unknown, callId: string): Failure {
  const isOurs = error instanceof CasslError;
  const status = isOurs ? (STATUS[errorCode(error)] ?? 500) : 500;
  const message = isOurs ? errorMessage(error) : `internal error, see the log for call ${callId}`;
  return { status, message, error };
}
