import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the conventions advise, and besides a health check and an upload of some minutes. */
const DURATION_BUCKETS_SECONDS = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 60, 300,
];

type DurationLabel = 'rpc_system_name' | 'rpc_method' | 'rpc_status_code' | 'error_type';

export interface CallMetrics {
  readonly started: Counter<'method'>;
  readonly handled: Counter<'method' | 'code'>;
  readonly seconds: Histogram<DurationLabel>;
  readonly inFlight: Gauge<'method'>;
}

/** A registry for one service: Node's own metrics and the label `service` on everything; add the service's metrics to it. */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function callMetrics(registry: Registry): CallMetrics {
  const registers = [registry];
  return {
    started: new Counter({
      name: 'cassl_rpc_started_total',
      help: 'Calls begun, by method',
      labelNames: ['method'],
      registers,
    }),
    handled: new Counter({
      name: 'cassl_rpc_handled_total',
      help: 'Calls ended, by method and gRPC status',
      labelNames: ['method', 'code'],
      registers,
    }),
    seconds: new Histogram({
      name: 'rpc_server_call_duration_seconds',
      help: 'Seconds from the first to the last byte of a call, by method and gRPC status',
      labelNames: ['rpc_system_name', 'rpc_method', 'rpc_status_code', 'error_type'],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    }),
    inFlight: new Gauge({
      name: 'cassl_rpc_in_flight',
      help: 'Calls that run now, by method',
      labelNames: ['method'],
      registers,
    }),
  };
}

/** As OpenTelemetry's conventions have them, with Prometheus's underscores. */
export function durationLabels(method: string, code: string): Partial<Record<DurationLabel, string>> {
  const labels = { rpc_system_name: 'grpc', rpc_method: method, rpc_status_code: code };
  return code === 'OK' ? labels : { ...labels, error_type: code };
}
