import { randomUUID } from 'node:crypto';
import { unavailable } from '@cassl/errors';
import { inSpanSteps, type OpenSpan } from '@cassl/telemetry';
import { Status, type CallContext, type ServerMiddleware, type ServerMiddlewareCall } from 'nice-grpc';
import type { ServiceContext } from './call-context.ts';
import type { CallFlow, CallFlows } from './call-flow.ts';
import type { CallGate } from './call-gate.ts';
import { deadlineOf } from './call-deadline.ts';
import { checkTexts, withTextsChecked } from './check-text.ts';
import { statusName, toServerError } from './error-status.ts';
import { admitAliases, admitCall, type Admission } from './identity/admit-call.ts';
import { audit, reasonOf } from './identity/audit.ts';
import { countStreamedImages, imagesOf } from './identity/count-images.ts';
import type { Identity } from './identity/identity.ts';
import { ruleOf } from './identity/method-scopes.ts';
import type { Logger } from './logger.ts';
import { checkReadable } from './unreadable-request.ts';
import { durationLabels } from './call-durations.ts';
import type { CallMetrics } from './server-metrics.ts';
import { openServerSpan } from './trace-calls.ts';

export interface CallHandling {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: CallMetrics;
  readonly stopping: AbortSignal;
  readonly gate: Pick<CallGate, 'isClosing'>;
  readonly flows: Pick<CallFlows, 'of'>;
  readonly admission: Admission;
}

const CALL_ID = /^[\w.-]{1,128}$/;

/**
 * The one wrapper around every handler: authentication, scopes, quotas, call id, metrics, the log line, the audit line and
 * the translation of errors.
 */
export function handleCalls(handling: CallHandling): ServerMiddleware<ServiceContext> {
  return async function* handleCall(call, context) {
    const open = openServerSpan(call.method.path.slice(1), context.metadata);
    return yield* inSpanSteps(open, answerCall(handling, call, context, open));
  };
}

async function* answerCall<Request, Response>(
  { name, logger, metrics, stopping, gate, flows, admission }: CallHandling,
  call: ServerMiddlewareCall<Request, Response, ServiceContext>,
  context: CallContext,
  { span, end }: OpenSpan,
): AsyncGenerator<Response, Response | void, undefined> {
  const method = call.method.path.slice(1);
  const callId = callIdOf(context);
  const log = logger.child({ method, callId });
  const startedAt = performance.now();
  let status: Status = Status.OK;
  let failure: unknown;
  let who: string | undefined;
  let reason: string | undefined;
  metrics.started.inc({ method });
  metrics.inFlight.inc({ method });
  try {
    // Probes still learn that the service is going.
    if (gate.isClosing && ruleOf(method) !== 'open') throw unavailable(`${name} is stopping; try again`);
    const authorization = context.metadata.get('authorization');
    const identity = await admitCall(admission, method, authorization, (found) => (who = found.name));
    if (!call.requestStream) {
      checkReadable(call.request);
      checkTexts(call.request);
      admitAliases(identity, method, call.request);
    }
    const held = heldBack(call, flows.of(context.metadata));
    return yield* withImagesCounted(admission, identity, withTexts(held), {
      ...context,
      callId,
      log,
      identity,
      stopping,
      deadlineAt: deadlineOf(context.metadata),
    });
  } catch (error) {
    const translated = toServerError(reasonToStop(error, name, stopping, context.signal), callId);
    if (translated.isHidden) log.error({ err: error }, 'call failed unexpectedly');
    status = translated.status.code;
    reason = reasonOf(error);
    failure = translated.status;
    throw failure;
  } finally {
    const seconds = (performance.now() - startedAt) / 1000;
    if (status === Status.OK && context.signal.aborted) status = Status.CANCELLED;
    const code = statusName(status);
    metrics.inFlight.dec({ method });
    metrics.handled.inc({ method, code });
    metrics.seconds.observe(durationLabels(method, code), seconds);
    span.setAttributes({ 'rpc.status_code': code, 'cassl.call_id': callId });
    end(failure);
    audit(log, { method, who, code, reason, request: call.requestStream ? undefined : call.request });
    log.debug({ code, seconds, peer: context.peer }, 'call');
  }
}

/** A stream goes no faster than its handler reads and its client takes. */
function heldBack<Request, Response>(
  call: ServerMiddlewareCall<Request, Response, ServiceContext>,
  flow: CallFlow | undefined,
): ServerMiddlewareCall<Request, Response, ServiceContext> {
  if (flow === undefined) return call;
  const reading = call.requestStream ? { ...call, request: flow.requests(call.request) } : call;
  if (!reading.responseStream) return reading;
  return {
    ...reading,
    next: (request: Request | AsyncIterable<Request>, to: CallContext & ServiceContext) =>
      flow.answers(reading.next(request, to)),
  };
}

/** The messages of a stream are looked at as they come. */
function withTexts<Request, Response>(
  call: ServerMiddlewareCall<Request, Response, ServiceContext>,
): ServerMiddlewareCall<Request, Response, ServiceContext> {
  return call.requestStream ? { ...call, request: withTextsChecked(call.request) } : call;
}

/** Calls of the scope `infer` take places for their images. */
async function* withImagesCounted<Request, Response>(
  { quotas }: Admission,
  identity: Identity,
  call: ServerMiddlewareCall<Request, Response, ServiceContext>,
  context: CallContext & ServiceContext,
): AsyncGenerator<Response, Response | void, undefined> {
  if (ruleOf(call.method.path.slice(1)) !== 'infer' || identity.quota.queuedImages === undefined) {
    return yield* call.next(call.request, context);
  }
  if (!call.requestStream) {
    const giveBack = quotas.takeImages(identity, imagesOf(call.request));
    try {
      return yield* call.next(call.request, context);
    } finally {
      giveBack();
    }
  }
  const count = countStreamedImages(quotas, identity, call.request);
  try {
    const answers = call.next(count.requests, context);
    for (;;) {
      const answer = await answers.next();
      if (answer.done === true) return answer.value;
      count.answered();
      yield answer.value;
    }
  } finally {
    count.end();
  }
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
