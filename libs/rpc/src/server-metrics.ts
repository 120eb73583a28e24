import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CALL_SECONDS, clientSeconds, type DurationLabel } from './call-durations.ts';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

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
  // Of this process, whoever opened the clients.
  registry.registerMetric(clientSeconds);
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
      ...CALL_SECONDS,
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
