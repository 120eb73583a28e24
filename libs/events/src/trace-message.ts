import { traceHeaders, type TraceHeaders } from '@cassl/telemetry';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

const NAMES = ['traceparent', 'tracestate'] as const;

/** Sends the active trace along with a message. */
export function withTrace(header: MsgHdrs = headers()): MsgHdrs {
  for (const [name, value] of Object.entries(traceHeaders())) header.set(name, value);
  return header;
}

/** The trace that came with a message. */
export function traceOf(header: MsgHdrs | undefined): TraceHeaders {
  return Object.fromEntries(
    NAMES.flatMap((name) => (header?.has(name) === true ? [[name, header.get(name)]] : [])),
  );
}
