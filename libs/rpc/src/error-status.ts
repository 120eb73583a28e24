import { CasslError, errorCode, errorMessage, isCasslError, type ErrorCode } from '@cassl/errors';
import { ClientError, ServerError, Status } from 'nice-grpc';
import { RichClientError, RichServerError } from 'nice-grpc-error-details';
import { withPlainNumbers } from './plain-numbers.ts';
import { shortText } from './short-text.ts';
import { shownError } from './shown-error.ts';
import { errorDetails, readErrorDetails } from './error-details.ts';
import { whyUnreachable } from './why-unreachable.ts';

/** What a client learns of an error that is not ours to show. */
const HIDDEN = 'internal error; the service log has it under this call id';

/**
 * Turns anything thrown by a handler into a status with details (google.rpc, `errorDetails`):
 * - `CasslError`: its code and message, very long ones cut, floats as they were given;
 * - an abort: CANCELLED, a time-out: DEADLINE_EXCEEDED, a full disk: RESOURCE_EXHAUSTED;
 * - anything else: INTERNAL without detail (`isHidden`), which the caller must log.
 */
export function toServerError(error: unknown, callId: string): { status: ServerError; isHidden: boolean } {
  if (error instanceof ServerError) return { status: error, isHidden: false };
  const shown = shownError(error);
  if (shown === undefined) {
    return { status: new ServerError(Status.INTERNAL, `${HIDDEN} (${callId})`), isHidden: true };
  }
  const status = new RichServerError(
    Status[shown.code],
    shortText(withPlainNumbers(shown.message)),
    errorDetails(shown, callId),
  );
  return { status, isHidden: false };
}

/** The name of a status, for example "NOT_FOUND". */
export function statusName(status: Status): ErrorCode | 'OK' {
  return (Status[status] ?? 'UNKNOWN') as ErrorCode | 'OK';
}

/**
 * Turns what a call threw into a `CasslError` with the server's code, message and details (`reason`, `field`,
 * `retryAfterMs`). Where nobody answered, the message names the peer.
 */
export function fromCallError(error: unknown, peer: string): CasslError {
  if (isCasslError(error)) return error;
  if (error instanceof ClientError) {
    const code = statusName(error.code);
    const message = error.details === '' ? `${error.path} failed with ${code}` : error.details;
    const details = error instanceof RichClientError ? readErrorDetails(error.extra) : {};
    const shown = code === 'UNAVAILABLE' ? withPeer(message, error.path, peer) : message;
    return new CasslError(code === 'OK' ? 'UNKNOWN' : code, shown, { cause: error, details });
  }
  const code = errorCode(error);
  const message = code === 'CANCELLED' ? `the call to ${peer} was cancelled` : errorMessage(error);
  return new CasslError(code, message, { cause: error });
}

/** @param path `/cassl.v1.RegistryService/ListCheckpoints` */
function withPeer(message: string, path: string, peer: string): string {
  const reason = whyUnreachable(message);
  if (reason === undefined) return `${peer}: ${message}`;
  const service = /(\w+)\/\w+$/.exec(path)?.[1] ?? 'the service';
  return `${service} at ${peer} cannot be reached: ${reason}`;
}
