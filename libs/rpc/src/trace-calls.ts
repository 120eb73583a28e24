import { openSpan, inTrace, SpanKind, traceHeaders, type OpenSpan } from '@cassl/telemetry';
import type { Metadata } from 'nice-grpc';

/** What OpenTelemetry's conventions want of every call: system and method, which carries its service. */
function attributesOf(method: string): Record<string, string> {
  return { 'rpc.system.name': 'grpc', 'rpc.method': method };
}

/** Begins the span of a call that came in, below the caller's where it sent a `traceparent`. */
export function openServerSpan(method: string, metadata: Metadata): OpenSpan {
  const headers = Object.fromEntries(
    ['traceparent', 'tracestate'].flatMap((name) => {
      const value = metadata.get(name);
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  return inTrace(headers, () =>
    openSpan(method, { kind: SpanKind.SERVER, attributes: attributesOf(method) }),
  );
}

/** Begins the span of a call that goes out. */
export function openClientSpan(method: string, peer: string): OpenSpan {
  const colon = peer.lastIndexOf(':');
  const server = { 'server.address': peer.slice(0, colon), 'server.port': Number(peer.slice(colon + 1)) };
  return openSpan(method, { kind: SpanKind.CLIENT, attributes: { ...attributesOf(method), ...server } });
}

/** Sends the active trace along. */
export function withTrace(metadata: Metadata): Metadata {
  for (const [name, value] of Object.entries(traceHeaders())) metadata.set(name, value);
  return metadata;
}
