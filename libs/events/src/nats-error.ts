import {
  aborted,
  CasslError,
  errorMessage,
  isCasslError,
  resourceExhausted,
  unavailable,
} from '@cassl/errors';
import { errors } from '@nats-io/transport-node';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

/** JetStream's own error codes, where the client library has no name for them. */
const STREAM_FULL = [10077, 10047, 10023, 10025];
const MESSAGE_TOO_LARGE = 10054;
/** A stream or consumer is not there: the server has lost its store, and its owner makes it again. */
const LOST = [10059, 10014];
const AWAY = new Set([
  'TimeoutError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'ConnectionError',
  'RequestError',
]);

/** Turns what the NATS client throws into a `CasslError` that says what was tried. */
export function fromNatsError(error: unknown, attempt: string): CasslError {
  if (isCasslError(error)) return error;
  const refusal = refusedSubject(error);
  if (refusal !== undefined) {
    const message = `${attempt}: nats-server lets this user not ${refusal.operation} ${refusal.subject}; the rights that it needs are in docs/identity.md`;
    return new CasslError('PERMISSION_DENIED', message, { cause: error });
  }
  const message = `${attempt}: ${errorMessage(error)}`;
  if (isStoreLost(error))
    return unavailable(`${message} (the broker is still starting, or has lost it)`, { cause: error });
  if (error instanceof JetStreamApiError) {
    if (isRevisionConflict(error)) return aborted(message, { cause: error });
    if (STREAM_FULL.includes(error.code) || error.code === MESSAGE_TOO_LARGE) {
      return resourceExhausted(message, { cause: error });
    }
    return error.status === 503 ? unavailable(message, { cause: error }) : internalError(message, error);
  }
  if (error instanceof Error && /max_payload/i.test(error.message)) {
    return resourceExhausted(`${attempt}: larger than the server's max_payload (1 MiB unless set)`, {
      cause: error,
    });
  }
  if (error instanceof Error && AWAY.has(error.name)) {
    return unavailable(`${attempt}: nats-server does not answer (${errorMessage(error)})`, { cause: error });
  }
  return internalError(message, error);
}

/** The broker knows who asks, and it is not theirs to ask. */
export function isRefusedSubject(error: unknown): boolean {
  return refusedSubject(error) !== undefined;
}

function refusedSubject(
  error: unknown,
): InstanceType<(typeof errors)['PermissionViolationError']> | undefined {
  if (error instanceof errors.PermissionViolationError) return error;
  return error instanceof Error && error.cause !== undefined ? refusedSubject(error.cause) : undefined;
}

/** The broker does not know who asks. */
export function isRefusedUser(error: unknown): boolean {
  if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError)
    return true;
  return error instanceof Error && error.cause !== undefined && isRefusedUser(error.cause);
}

/** A compare-and-set that lost. */
export function isRevisionConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

/** Whether a stream seems to be gone: it must be made again, not only asked again. */
export function isStoreLost(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return LOST.includes(error.code);
  return error instanceof errors.NoRespondersError || isUntaken(error);
}

/**
 * Whether a publication found no stream that takes its subject; the client says that JetStream is not enabled. Asking again is of no
 * use before whoever needs the stream has made it.
 */
export function isUntaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof errors.NoRespondersError || (cause !== undefined && isUntaken(cause));
}

export function hasApiCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

function internalError(message: string, cause: unknown): CasslError {
  return new CasslError('INTERNAL', message, { cause });
}
