import { exportSettings } from '@cassl/telemetry/export-settings';

/**
 * Runs a command as one trace's first span, where OpenTelemetry's variables say that traces leave this process; otherwise nothing
 * of it is loaded. `TRACEPARENT` puts the command into a trace that exists.
 */
export async function traceCommand(name: string, run: () => Promise<unknown>): Promise<void> {
  const exports = exportSettings();
  if (!exports.traces) return void (await run());
  const { startTelemetry, inSpan, inTrace } = await import('@cassl/telemetry');
  const telemetry = await startTelemetry({ name: 'cassl-cli', exports });
  try {
    await inTrace(process.env['TRACEPARENT'] ?? '', () => inSpan(name, {}, run));
  } finally {
    await telemetry.stop();
  }
}
