import { createLogger, createMetrics, type HttpAccess } from '@cassl/rpc';
import { traceParent, startTelemetry, type Telemetry } from '@cassl/telemetry';
import { startTestCollector, type TestCollector } from '@cassl/telemetry/test-collector';
import { unavailable } from '@cassl/errors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openHttpApp } from './open-http-app.ts';
import type { HttpServer } from './open-http-server.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const metrics = createMetrics('test');
let collector: TestCollector;
let telemetry: Telemetry;
let server: HttpServer;
let inside = '';

beforeAll(async () => {
  collector = await startTestCollector();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  telemetry = await startTelemetry({ name: 'test', exports: { traces: true, metrics: false } });
  server = await openHttpApp({
    host: '127.0.0.1',
    port: 0,
    access: { authorizer: { isOn: false } } as HttpAccess,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics,
    timeoutMs: 10_000,
    maxBodyBytes: 1000,
    maxHeldBytes: 10_000,
    routes: (app) => {
      app.post('/echo/:name', { config: { scope: 'open' } }, async (request) => {
        await Promise.resolve();
        inside = traceParent();
        return String(request.body);
      });
      app.get('/broken', { config: { scope: 'open' } }, () => Promise.reject(unavailable('not now')));
    },
  });
});

afterAll(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  await server.close(1000);
  await collector.close();
});

it('makes each request a span below the caller’s, around its handler, and an observation by route', async () => {
  const answer = await fetch(`${server.url}/echo/me?token=secret`, {
    method: 'POST',
    body: 'hello',
    headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
  });
  expect(await answer.text()).toBe('hello');
  expect((await fetch(`${server.url}/broken`)).status).toBe(503);
  expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
  // Ended when the answer has left, which is after the caller has it.
  await expect.poll(() => metrics.metrics()).toContain('http_response_status_code="404"');
  await telemetry.stop();
  const byName = (name: string) => collector.spans.find((span) => span.name === name);
  expect(byName('POST /echo/:name')).toMatchObject({
    kind: 2,
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/echo/:name',
      'http.response.status_code': 200,
      'url.path': '/echo/me',
    },
  });
  expect(inside).toBe(`00-${TRACE}-${byName('POST /echo/:name')?.spanId}-01`);
  expect(byName('GET /broken')?.attributes).toMatchObject({
    'error.type': 'UNAVAILABLE',
    'http.response.status_code': 503,
  });
  expect(byName('GET')?.attributes).toMatchObject({ 'http.response.status_code': 404 });
  expect(JSON.stringify(collector.spans)).not.toContain('secret');
  expect(await metrics.metrics()).toMatch(
    /http_server_request_duration_seconds_count\{[^}]*status_code="200"[^}]*route="\/echo\/:name"/,
  );
});
