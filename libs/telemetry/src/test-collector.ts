import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** What a test looks at of a span that left a process. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where the trace begins. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface CollectedMetric {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  /** Of its first data point. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface TestCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  readonly metrics: readonly CollectedMetric[];
  /** All that came, unpacked, with its headers: for what must not be in it. */
  readonly raw: readonly string[];
  close(): Promise<void>;
}

/** An OTLP/HTTP receiver that decodes what it gets with the fields of opentelemetry-proto that tests read. */
export async function startTestCollector(): Promise<TestCollector> {
  const spans: CollectedSpan[] = [];
  const metrics: CollectedMetric[] = [];
  const raw: string[] = [];
  const server = createServer((request, response) => {
    body(request).then(
      (bytes) => {
        raw.push(JSON.stringify(request.headers), Buffer.from(bytes).toString('latin1'));
        if (request.url === '/v1/traces') spans.push(...readSpans(bytes));
        if (request.url === '/v1/metrics') metrics.push(...readMetrics(bytes));
        response.setHeader('content-type', 'application/x-protobuf');
        response.end();
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    raw,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Value { oneof value { string text = 1; bool flag = 2; int64 whole = 3; double number = 4; } }
  message KeyValue { string key = 1; Value value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    repeated KeyValue attributes = 9;
  }
  message ScopeSpans { repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message Point { repeated KeyValue attributes = 7; }
  message Sum { repeated Point data_points = 1; }
  message HistogramPoint { repeated KeyValue attributes = 9; }
  message Histogram { repeated HistogramPoint data_points = 1; }
  message Metric { string name = 1; string unit = 3; Sum gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`);

interface KeyValue {
  readonly key: string;
  readonly value?: { readonly text?: string; readonly whole?: number; readonly number?: number };
}
interface Described {
  readonly attributes: readonly KeyValue[];
}
interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: Described;
    readonly scopeSpans: readonly {
      readonly spans: readonly (Described & {
        readonly traceId: Buffer;
        readonly spanId: Buffer;
        readonly parentSpanId: Buffer;
        readonly name: string;
        readonly kind: number;
      })[];
    }[];
  }[];
}
interface Metrics {
  readonly resourceMetrics: readonly {
    readonly resource: Described;
    readonly scopeMetrics: readonly {
      readonly metrics: readonly ({ readonly name: string; readonly unit: string } & Partial<
        Record<'gauge' | 'sum' | 'histogram', { readonly dataPoints: readonly Described[] }>
      >)[];
    }[];
  }[];
}

function decode(type: string, bytes: Uint8Array): unknown {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: Number, arrays: true, defaults: false });
}

function readSpans(bytes: Uint8Array): CollectedSpan[] {
  const { resourceSpans } = decode('Traces', bytes) as Traces;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId, attributes }) => ({
        service: String(read(resource.attributes)['service.name']),
        name,
        kind,
        traceId: hex(traceId),
        spanId: hex(spanId),
        parentSpanId: hex(parentSpanId),
        attributes: read(attributes),
      })),
    ),
  );
}

function readMetrics(bytes: Uint8Array): CollectedMetric[] {
  const { resourceMetrics } = decode('Metrics', bytes) as Metrics;
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ name, unit, gauge, sum, histogram }) => ({
        service: String(read(resource.attributes)['service.name']),
        name,
        unit,
        attributes: read((gauge ?? sum ?? histogram)?.dataPoints[0]?.attributes ?? []),
      })),
    ),
  );
}

function read(attributes: readonly KeyValue[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value?.text ?? value?.whole ?? value?.number ?? '']),
  );
}

function hex(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('hex');
}

async function body(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}
