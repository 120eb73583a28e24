import { notFound } from '@cassl/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportSettings } from './export-settings.ts';
import { prometheusProducer } from './prometheus-producer.ts';
import { inSpan, inSpanSteps, logFields, openSpan } from './spans.ts';
import { startTelemetry, type Telemetry } from './start-telemetry.ts';
import { startTestCollector, type TestCollector } from './test-collector.ts';
import { inTrace, traceHeaders, traceParent } from './trace-headers.ts';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

describe('what leaves the process', () => {
  it('is nothing unless an endpoint is named', () => {
    expect(exportSettings({})).toEqual({ traces: false, metrics: false });
    expect(exportSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' })).toEqual({
      traces: true,
      metrics: true,
    });
    expect(exportSettings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' })).toEqual({
      traces: true,
      metrics: false,
    });
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };
    expect(exportSettings({ ...endpoint, OTEL_METRICS_EXPORTER: 'none' }).metrics).toBe(false);
    expect(exportSettings({ ...endpoint, OTEL_SDK_DISABLED: 'true' }).traces).toBe(false);
  });

  it('is refused, by the name of the variable, in a protocol that is not spoken', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(() => exportSettings(env)).toThrow(
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL must be http/protobuf, got "grpc"',
    );
  });
});

describe('with nothing exported', () => {
  let telemetry: Telemetry;
  beforeEach(async () => {
    telemetry = await startTelemetry({ name: 'test', exports: { traces: false, metrics: false } });
  });
  afterEach(() => telemetry.stop());

  it('log lines still carry the trace that a caller sent, and it is handed on', async () => {
    expect(logFields()).toEqual({});
    await inTrace(CALLER, () =>
      inSpan('work', {}, async () => {
        await Promise.resolve();
        expect(logFields().trace_id).toBe(TRACE_ID);
        expect(traceHeaders()['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
      }),
    );
  });

  it('a header that is no trace counts as none', () => {
    for (const header of [
      '',
      'x',
      '00-zz-zz-01',
      '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    ]) {
      expect(inTrace(header, traceParent)).toBe('');
    }
  });

  it('work in steps is within its span at each step, and its consumer never is', async () => {
    const inside: (string | undefined)[] = [];
    const steps = async function* (): AsyncGenerator<number, string, undefined> {
      for (const step of [1, 2]) {
        await Promise.resolve();
        inside.push(logFields().trace_id);
        yield step;
      }
      return 'end';
    };
    const open = inTrace(CALLER, () => openSpan('steps'));
    const outside: (string | undefined)[] = [];
    for await (const step of inSpanSteps(open, steps())) outside[step - 1] = logFields().trace_id;
    expect(inside).toEqual([TRACE_ID, TRACE_ID]);
    expect(outside).toEqual([undefined, undefined]);
  });

  it('a consumer that stops early ends the steps', async () => {
    let isEnded = false;
    const steps = async function* (): AsyncGenerator<number, void, undefined> {
      try {
        for (;;) yield await Promise.resolve(1);
      } finally {
        isEnded = true;
      }
    };
    for await (const _ of inSpanSteps(openSpan('steps'), steps())) break;
    expect(isEnded).toBe(true);
  });
});

describe('with a collector', () => {
  let collector: TestCollector;
  beforeEach(async () => {
    collector = await startTestCollector();
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  });
  afterEach(async () => {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    await collector.close();
  });

  it('spans arrive in one tree with their errors, and a registry with conventional names', async () => {
    const telemetry = await startTelemetry({ name: 'cassl-test' });
    const values = [
      { metricName: 'calls_seconds_bucket', labels: { le: 0.1, rpc_method: 'a/B' }, value: 3 },
      { metricName: 'calls_seconds_bucket', labels: { le: '+Inf', rpc_method: 'a/B' }, value: 5 },
      { metricName: 'calls_seconds_sum', labels: { rpc_method: 'a/B' }, value: 7 },
      { metricName: 'calls_seconds_count', labels: { rpc_method: 'a/B' }, value: 5 },
    ];
    const read = () => Promise.resolve([{ name: 'calls_seconds', help: 'Calls', type: 'histogram', values }]);
    const attributes = { rpc_method: 'rpc.method' };
    const names = { calls_seconds: { name: 'rpc.server.call.duration', unit: 's', attributes } };
    await telemetry.exportMetrics(() => prometheusProducer({ read, names }));
    const inner = () => inSpan('inner', {}, () => Promise.reject(notFound('no such thing')));
    await inSpan('outer', { attributes: { answer: 42 } }, () => inner().catch(() => undefined));
    await telemetry.stop();

    const [failed, outer] = collector.spans;
    expect(outer).toMatchObject({
      service: 'cassl-test',
      name: 'outer',
      attributes: { answer: 42 },
      parentSpanId: '',
    });
    expect(failed).toMatchObject({ name: 'inner', traceId: outer!.traceId, parentSpanId: outer!.spanId });
    expect(failed!.attributes['error.type']).toBe('NOT_FOUND');
    expect(collector.metrics).toEqual([
      {
        service: 'cassl-test',
        name: 'rpc.server.call.duration',
        unit: 's',
        attributes: { 'rpc.method': 'a/B' },
      },
    ]);
  });

  it('a collector that is down delays a stop by a few seconds at most', async () => {
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://127.0.0.1:9';
    const telemetry = await startTelemetry({ name: 'cassl-test' });
    await inSpan('lost', {}, () => undefined);
    const startedAt = performance.now();
    await telemetry.stop();
    // The exporter alone would try again for ten seconds a signal; a loaded machine gets room up to there.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('a Prometheus registry as OpenTelemetry data', () => {
  it('counts each bucket without those below it', async () => {
    const values = [
      { metricName: 'x_seconds_bucket', labels: { le: 1 }, value: 2 },
      { metricName: 'x_seconds_bucket', labels: { le: 5 }, value: 2 },
      { metricName: 'x_seconds_bucket', labels: { le: '+Inf' }, value: 9 },
      { metricName: 'x_seconds_sum', labels: {}, value: 60 },
    ];
    const read = () => Promise.resolve([{ name: 'x_seconds', help: '', type: 'histogram', values }]);
    const { resourceMetrics } = await prometheusProducer({ read, names: {} }).collect();
    const [metric] = resourceMetrics.scopeMetrics[0]!.metrics;
    expect(metric!.descriptor).toMatchObject({ name: 'x_seconds', unit: 's' });
    expect(metric!.dataPoints[0]!.value).toEqual({
      buckets: { boundaries: [1, 5], counts: [2, 0, 7] },
      sum: 60,
      count: 9,
    });
  });
});
