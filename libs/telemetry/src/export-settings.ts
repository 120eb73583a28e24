import { invalidArgument } from '@cassl/errors';

type Env = Readonly<Record<string, string | undefined>>;

/** Which signals leave the process. Off unless an endpoint is named, by OpenTelemetry's own variables. */
export interface ExportSettings {
  readonly traces: boolean;
  readonly metrics: boolean;
}

/**
 * Reads `OTEL_SDK_DISABLED`, `OTEL_EXPORTER_OTLP[_TRACES|_METRICS]_ENDPOINT`, `…_PROTOCOL`, `OTEL_TRACES_EXPORTER` and
 * `OTEL_METRICS_EXPORTER`; the exporters and the sampler read the rest of the specification's variables themselves.
 * @throws INVALID_ARGUMENT for a protocol or exporter that is not spoken here
 */
export function exportSettings(env: Env = process.env): ExportSettings {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return { traces: false, metrics: false };
  return { traces: isExported(env, 'TRACES'), metrics: isExported(env, 'METRICS') };
}

function isExported(env: Env, signal: 'TRACES' | 'METRICS'): boolean {
  const endpoint = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const exporter = env[`OTEL_${signal}_EXPORTER`] || (endpoint ? 'otlp' : 'none');
  check(`OTEL_${signal}_EXPORTER`, exporter, ['otlp', 'none']);
  if (exporter === 'none') return false;
  const protocol = `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`;
  check(protocol, env[protocol] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf', ['http/protobuf']);
  return true;
}

function check(variable: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw invalidArgument(`${variable} must be ${allowed.join(' or ')}, got ${JSON.stringify(value)}`);
  }
}
