export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
export { exportSettings, type ExportSettings } from './export-settings.ts';
export {
  inSpan,
  inSpanSteps,
  logFields,
  openSpan,
  SpanKind,
  type Attributes,
  type OpenSpan,
  type SpanOptions,
} from './spans.ts';
export { inTrace, traceEnvironment, traceHeaders, traceParent, type TraceHeaders } from './trace-headers.ts';
