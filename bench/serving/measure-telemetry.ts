import { startTestCollector } from '@cassl/telemetry/test-collector';

const ROUNDS = 3;
/** Calls that the end of a measurement cuts off have none. */
const LEAST_SPANS = 0.99;

/** One measurement: what an answer took, and how many there were in all, warm-up included. */
export interface ObservedRun {
  readonly cpuMs: number;
  readonly calls: number;
}

/**
 * What watching costs of a picture: processor time of the service with every call traced to a collector and every inference in its
 * metrics, less the same without, as a share of `ofMs`. Turn by turn with a model that does nothing, where it is seen best.
 * @throws unless a span of each call has arrived: what is not sent costs nothing
 */
export async function measureTelemetry(
  run: (isObserved: boolean) => Promise<ObservedRun>,
  ofMs: number,
): Promise<number> {
  const collector = await startTestCollector();
  const cpu = { with: [] as number[], without: [] as number[] };
  let calls = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      cpu.without.push((await run(false)).cpuMs);
      // Sent while it is measured.
      Object.assign(process.env, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '500',
      });
      const observed = await run(true);
      cpu.with.push(observed.cpuMs);
      calls += observed.calls;
      stopExporting();
    }
  } finally {
    stopExporting();
    await collector.close();
  }
  const spans = collector.spans.filter(({ name }) => name.endsWith('/ModelInfer')).length;
  console.error(`telemetry: ${JSON.stringify(cpu)}, ${spans} spans of ${calls} calls`);
  if (spans < LEAST_SPANS * calls)
    throw new Error(`only ${spans} spans of ${calls} calls came to the collector`);
  return (Math.min(...cpu.with) - Math.min(...cpu.without)) / ofMs;
}

function stopExporting(): void {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
}
