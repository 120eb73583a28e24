import { context, propagation, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { exportSettings, type ExportSettings } from './export-settings.ts';

export interface TelemetryOptions {
  /** `service.name`, unless `OTEL_SERVICE_NAME` names another: "cassl-labeler". */
  readonly name: string;
  /** Default: from the environment, which by default exports nothing. */
  readonly exports?: ExportSettings;
}

/** What leaves this process. */
export interface Telemetry {
  /** Exports what this tells, besides the traces, if metrics are exported; `open` is called only then. */
  exportMetrics(open: () => Promise<MetricProducer> | MetricProducer): Promise<void>;
  /** Sends what waits and ends the exporters, within a few seconds. */
  stop(): Promise<void>;
}

const STOP_MS = 3_000;
/** The specification's defaults. */
const EXPORT_EVERY_MS = 60_000;
const EXPORT_WITHIN_MS = 30_000;

/**
 * Turns tracing on in this process, and loads OpenTelemetry's SDK, which nobody else needs: contexts follow awaits, `traceparent` (W3C) is taken over and handed on, log lines get trace
 * ids. Nothing is exported, and so no span recorded, unless OpenTelemetry's variables name an endpoint; the exporters are loaded
 * only then.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { name, exports = exportSettings() } = options;
  const [{ AsyncLocalStorageContextManager }, { W3CTraceContextPropagator }, resource] = await Promise.all([
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
    resourceOf(name),
  ]);
  const stops: (() => Promise<unknown>)[] = [];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = await (exports.traces ? exportingProvider(resource) : silentProvider(resource));
  trace.setGlobalTracerProvider(provider);
  stops.push(() => provider.shutdown());
  return {
    async exportMetrics(open) {
      if (exports.metrics) stops.push(await exportMetrics(resource, await open()));
    },
    async stop() {
      const all = Promise.allSettled(stops.map((stop) => stop()));
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_MS);
      await Promise.race([all, promise]);
      clearTimeout(timer);
      context.disable();
      propagation.disable();
      trace.disable();
    },
  };
}

async function resourceOf(name: string): Promise<Resource> {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } =
    await import('@opentelemetry/resources');
  const own = resourceFromAttributes({
    'service.name': name,
    'service.namespace': 'cassl',
    'process.pid': process.pid,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

/** Hands contexts on and records nothing. */
async function silentProvider(resource: Resource): Promise<TracerProvider> {
  const { AlwaysOffSampler, ParentBasedSampler, TracerProvider } = await import('@opentelemetry/sdk-trace');
  return new TracerProvider({ resource, sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
}

async function exportingProvider(resource: Resource): Promise<TracerProvider> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { BatchSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  return new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
}

async function exportMetrics(resource: Resource, producer: MetricProducer): Promise<() => Promise<void>> {
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const { getNumberFromEnv } = await import('@opentelemetry/core');
  const interval = getNumberFromEnv('OTEL_METRIC_EXPORT_INTERVAL') ?? EXPORT_EVERY_MS;
  const timeout = getNumberFromEnv('OTEL_METRIC_EXPORT_TIMEOUT') ?? EXPORT_WITHIN_MS;
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    metricProducers: [producer],
    exportIntervalMillis: interval,
    exportTimeoutMillis: Math.min(timeout, interval),
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  return () => provider.shutdown();
}
