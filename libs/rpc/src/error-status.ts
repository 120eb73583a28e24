import { CasslError, errorCode, errorMessage, isCasslError, type ErrorCode } from '@cassl/errors';
import { ClientError, ServerError, Status } from 'nice-grpc';

/** What a client learns of an error that is not ours to show. */
const HIDDEN = 'internal error; the service log has it under this call id';

/**
 * Turns anything thrown by a handler into a status:
 * - `CasslError`: its code and message, as they are;
 * - an abort: CANCELLED, a time-out: DEADLINE_EXCEEDED;
 * - anything else: INTERNAL without detail (`isHidden`), which the caller must log.
 */
export function toServerError(error: unknown, callId: string): { status: ServerError; isHidden: boolean } {
  if (error instanceof ServerError) return { status: error, isHidden: false };
  const code = errorCode(error);
  if (isCasslError(error) && code !== 'INTERNAL') {
    return { status: new ServerError(Status[code], error.message), isHidden: false };
  }
  if (code === 'CANCELLED') {
    return { status: new ServerError(Status.CANCELLED, 'the call was cancelled'), isHidden: false };
  }
  if (code === 'DEADLINE_EXCEEDED') {
    return { status: new ServerError(Status.DEADLINE_EXCEEDED, errorMessage(error)), isHidden: false };
  }
  return { status: new ServerError(Status.INTERNAL, `${HIDDEN} (${callId})`), isHidden: true };
}

/** The name of a status, for example "NOT_FOUND". */
export function statusName(status: Status): ErrorCode | 'OK' {
  return (Status[status] ?? 'UNKNOWN') as ErrorCode | 'OK';
}

/**
 * Turns what a call threw into a `CasslError` with the server's code and message. Where nobody answered, the message names
 * the peer.
 */
export function fromCallError(error: unknown, peer: string): CasslError {
  if (isCasslError(error)) return error;
  if (error instanceof ClientError) {
    const code = statusName(error.code);
    const message = error.details === '' ? `${error.path} failed with ${code}` : error.details;
    const where = code === 'UNAVAILABLE' ? `${peer}: ` : '';
    return new CasslError(code === 'OK' ? 'UNKNOWN' : code, where + message, { cause: error });
  }
  const code = errorCode(error);
  const message = code === 'CANCELLED' ? `the call to ${peer} was cancelled` : errorMessage(error);
  return new CasslError(code, message, { cause: error });
}
