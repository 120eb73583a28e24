import { startTestCollector } from '@cassl/telemetry/test-collector';

const ROUNDS = 3;

/**
 * What watching costs of a picture: processor time of the service with every call traced to a collector and every inference in its
 * metrics, less the same without, as a share of `ofMs`. Turn by turn with a model that does nothing, where it is seen best.
 */
export async function measureTelemetry(
  cpuMsOf: (isObserved: boolean) => Promise<number>,
  ofMs: number,
): Promise<number> {
  const collector = await startTestCollector();
  const cpu = { with: [] as number[], without: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      cpu.without.push(await cpuMsOf(false));
      // Sent while it is measured.
      Object.assign(process.env, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '500',
      });
      cpu.with.push(await cpuMsOf(true));
      stopExporting();
    }
  } finally {
    stopExporting();
    await collector.close();
  }
  console.error(`telemetry: ${JSON.stringify(cpu)}, ${collector.spans.length} spans`);
  return (Math.min(...cpu.with) - Math.min(...cpu.without)) / ofMs;
}

function stopExporting(): void {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
}
