import { Histogram } from 'prom-client';

export type DurationLabel = 'rpc_system_name' | 'rpc_method' | 'rpc_status_code' | 'error_type';

const LABELS: readonly DurationLabel[] = ['rpc_system_name', 'rpc_method', 'rpc_status_code', 'error_type'];

/** How both sides measure calls, as OpenTelemetry's conventions have it with Prometheus's underscores. */
export const CALL_SECONDS = {
  labelNames: LABELS,
  // What the conventions advise, and besides a health check and an upload of some minutes.
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 60, 300],
};

/** Of every client of this process: each service's registry has it. */
export const clientSeconds = new Histogram({
  name: 'rpc_client_call_duration_seconds',
  help: 'Seconds from the start of a call to its last answer, by method and gRPC status',
  ...CALL_SECONDS,
  registers: [],
});

export function durationLabels(method: string, code: string): Partial<Record<DurationLabel, string>> {
  const labels = { rpc_system_name: 'grpc', rpc_method: method, rpc_status_code: code };
  return code === 'OK' ? labels : { ...labels, error_type: code };
}
