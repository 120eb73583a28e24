import { prometheusProducer, type ConventionalName } from '@cassl/telemetry/prometheus-producer';
import type { Registry } from 'prom-client';

/** The same metrics as OpenTelemetry names them. */
const CALL_ATTRIBUTES = {
  rpc_system_name: 'rpc.system.name',
  rpc_method: 'rpc.method',
  rpc_status_code: 'rpc.status_code',
  error_type: 'error.type',
};
const CONVENTIONAL_NAMES: Readonly<Record<string, ConventionalName>> = {
  rpc_server_call_duration_seconds: {
    name: 'rpc.server.call.duration',
    unit: 's',
    attributes: CALL_ATTRIBUTES,
  },
  rpc_client_call_duration_seconds: {
    name: 'rpc.client.call.duration',
    unit: 's',
    attributes: CALL_ATTRIBUTES,
  },
  http_server_request_duration_seconds: {
    name: 'http.server.request.duration',
    unit: 's',
    attributes: {
      http_request_method: 'http.request.method',
      http_route: 'http.route',
      http_response_status_code: 'http.response.status_code',
      url_scheme: 'url.scheme',
      error_type: 'error.type',
    },
  },
};

/** A registry as an OpenTelemetry exporter reads it. */
export function metricProducer(registry: Registry): ReturnType<typeof prometheusProducer> {
  return prometheusProducer({
    // Its types say that `type` is a number; it is the word.
    read: async () => (await registry.getMetricsAsJSON()).map((one) => ({ ...one, type: String(one.type) })),
    names: CONVENTIONAL_NAMES,
  });
}
