import { context, defaultTextMapGetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/** `traceparent` and, where there is one, `tracestate` (W3C Trace Context). */
export type TraceHeaders = Readonly<Record<string, string>>;

/** What to send along so that the other side's spans join the active trace; empty outside of one. */
export function traceHeaders(): TraceHeaders {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The active trace as one line that a record can keep; empty outside of a trace. */
export function traceParent(): string {
  return traceHeaders()['traceparent'] ?? '';
}

/** For the environment of a child process whose spans shall join the active trace; empty outside of one. */
export function traceEnvironment(): Readonly<Record<string, string>> {
  const TRACEPARENT = traceParent();
  return TRACEPARENT === '' ? {} : { TRACEPARENT };
}

/** Runs `action` in the trace that came along; without one, outside of any. Anything that is not a trace counts as none. */
export function inTrace<R>(headers: TraceHeaders | string, action: () => R): R {
  const carrier = typeof headers === 'string' ? { traceparent: headers } : headers;
  return context.with(propagation.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter), action);
}
