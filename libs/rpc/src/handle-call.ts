import { randomUUID } from 'node:crypto';
import { unavailable } from '@cassl/errors';
import { Status, type CallContext, type ServerMiddleware } from 'nice-grpc';
import type { ServiceContext } from './call-context.ts';
import { statusName, toServerError } from './error-status.ts';
import type { Logger } from './logger.ts';
import { checkToken } from './security.ts';
import type { CallMetrics } from './server-metrics.ts';

export interface CallHandling {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: CallMetrics;
  readonly stopping: AbortSignal;
  readonly token: string | undefined;
}

/** Kubernetes probes cannot send a token. */
const OPEN_TO_ALL = '/grpc.health.v1.Health/';
const CALL_ID = /^[\w.-]{1,128}$/;

/** The one wrapper around every handler: authentication, call id, metrics, the log line, and the translation of errors. */
export function handleCalls({
  name,
  logger,
  metrics,
  stopping,
  token,
}: CallHandling): ServerMiddleware<ServiceContext> {
  return async function* handleCall(call, context) {
    const method = call.method.path.slice(1);
    const callId = callIdOf(context);
    const log = logger.child({ method, callId });
    const startedAt = performance.now();
    let status: Status = Status.OK;
    metrics.started.inc({ method });
    metrics.inFlight.inc({ method });
    try {
      if (token !== undefined && !call.method.path.startsWith(OPEN_TO_ALL)) {
        checkToken(context.metadata.get('authorization'), token);
      }
      return yield* call.next(call.request, { ...context, callId, log, stopping });
    } catch (error) {
      const translated = toServerError(reasonToStop(error, name, stopping, context.signal), callId);
      if (translated.isHidden) log.error({ err: error }, 'call failed unexpectedly');
      status = translated.status.code;
      throw translated.status;
    } finally {
      const seconds = (performance.now() - startedAt) / 1000;
      if (status === Status.OK && context.signal.aborted) status = Status.CANCELLED;
      const code = statusName(status);
      metrics.inFlight.dec({ method });
      metrics.handled.inc({ method, code });
      metrics.seconds.observe({ method }, seconds);
      log.debug({ code, seconds, peer: context.peer }, 'call');
    }
  };
}

/** A handler that ended because the service stops did not fail: the client may simply ask again. */
function reasonToStop(error: unknown, name: string, stopping: AbortSignal, signal: AbortSignal): unknown {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return isAbort && stopping.aborted && !signal.aborted
    ? unavailable(`${name} is stopping; try again`)
    : error;
}

function callIdOf(context: CallContext): string {
  const given = context.metadata.get('x-call-id');
  return given !== undefined && CALL_ID.test(given) ? given : randomUUID();
}
