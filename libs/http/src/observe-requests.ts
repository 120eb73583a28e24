import { Histogram, type Registry } from '@cassl/rpc';
import { inTrace, openSpan, SpanKind } from '@cassl/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What OpenTelemetry's conventions advise, and besides a model that loads first. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 60];

/**
 * Every request is a span below the caller's `traceparent`, around everything that answers it, and one observation of
 * `http.server.request.duration`, both as OpenTelemetry's conventions for HTTP have it.
 */
export function observeRequests(app: FastifyInstance, metrics: Registry): void {
  const failures = new WeakMap<FastifyRequest, Error>();
  const seconds = requestSeconds(metrics);
  app.addHook('onRequest', (request, reply, done) => {
    const { method } = request;
    const { url: route } = request.routeOptions;
    const open = inTrace(traceOf(request), () =>
      openSpan(route === undefined ? method : `${method} ${route}`, {
        kind: SpanKind.SERVER,
        attributes: attributesOf(request),
      }),
    );
    // Also of a request whose caller went away.
    reply.raw.once('close', () => {
      const status = statusOf(reply);
      open.span.setAttributes({ 'http.response.status_code': status, 'cassl.call_id': request.id });
      open.end(status >= 500 ? (failures.get(request) ?? new Error(`status ${status}`)) : undefined);
      seconds.observe(labelsOf(request, status), reply.elapsedTime / 1000);
    });
    open.run(done);
  });
  app.addHook('onError', (request, _, error, done) => {
    failures.set(request, error);
    done();
  });
}

/** nginx's word for a caller that did not wait. */
const GONE = 499;

function statusOf({ raw, statusCode }: FastifyReply): number {
  return raw.writableFinished ? statusCode : GONE;
}

function traceOf({ headers }: FastifyRequest): Record<string, string> {
  return Object.fromEntries(
    ['traceparent', 'tracestate'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** No query: it may hold what nobody else shall read. */
function attributesOf({ method, protocol, url, routeOptions }: FastifyRequest): Record<string, string> {
  return {
    'http.request.method': method,
    'url.scheme': protocol,
    'url.path': (url.split('?')[0] ?? '').slice(0, 200),
    ...(routeOptions.url === undefined ? {} : { 'http.route': routeOptions.url }),
  };
}

type Label = 'http_request_method' | 'http_route' | 'http_response_status_code' | 'url_scheme' | 'error_type';

function labelsOf(
  { method, protocol, routeOptions }: FastifyRequest,
  status: number,
): Record<string, string> {
  return {
    http_request_method: method,
    url_scheme: protocol,
    http_response_status_code: String(status),
    ...(routeOptions.url === undefined ? {} : { http_route: routeOptions.url }),
    ...(status >= 500 ? { error_type: String(status) } : {}),
  };
}

function requestSeconds(metrics: Registry): Histogram<Label> {
  return new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Seconds from the first byte of an HTTP request to the last of its answer, by route and status',
    labelNames: [
      'http_request_method',
      'http_route',
      'http_response_status_code',
      'url_scheme',
      'error_type',
    ],
    buckets: BUCKETS_SECONDS,
    registers: [metrics],
  });
}
