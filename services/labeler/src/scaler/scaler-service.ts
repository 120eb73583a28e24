import { setTimeout as delay } from 'node:timers/promises';
import { invalidArgument } from '@cassl/errors';
import { ExternalScalerDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';

const METRIC = 'work-seconds';
const DEFAULT_DRAIN_SECONDS = 600;
const MAX_DRAIN_SECONDS = 604_800;
/** How often a stream looks whether there is work. */
const LOOK_EVERY_MS = 1000;

/**
 * KEDA's external scaler: the metric is the work in seconds of one pod, the target the seconds in which it shall be done, so
 * KEDA's quotient is the number of pods.
 * @param readWorkSeconds throws where the work is not known; then KEDA changes nothing
 */
export function scalerService(readWorkSeconds: () => Promise<number>): ServedService {
  return implement(ExternalScalerDefinition, {
    isActive: async ({ scalerMetadata }) => {
      drainSeconds(scalerMetadata);
      return { result: (await readWorkSeconds()) > 0 };
    },
    async *streamIsActive({ scalerMetadata }, { signal, stopping }) {
      drainSeconds(scalerMetadata);
      const over = AbortSignal.any([signal, stopping]);
      for (let last: boolean | undefined; !over.aborted;) {
        const result = (await readWorkSeconds()) > 0;
        if (result !== last) yield { result };
        last = result;
        await delay(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
      }
    },
    getMetricSpec: ({ scalerMetadata }) => {
      const target = drainSeconds(scalerMetadata);
      return Promise.resolve({
        metricSpecs: [{ metricName: METRIC, targetSize: target, targetSizeFloat: target }],
      });
    },
    getMetrics: async ({ scaledObjectRef }) => {
      drainSeconds(scaledObjectRef?.scalerMetadata ?? {});
      const seconds = await readWorkSeconds();
      return {
        metricValues: [{ metricName: METRIC, metricValue: Math.ceil(seconds), metricValueFloat: seconds }],
      };
    },
  });
}

function drainSeconds(metadata: Readonly<Record<string, string>>): number {
  const text = metadata.drainSeconds ?? String(DEFAULT_DRAIN_SECONDS);
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_DRAIN_SECONDS) {
    throw invalidArgument(
      `scalerMetadata.drainSeconds must be a whole number from 1 to ${MAX_DRAIN_SECONDS}, got ${JSON.stringify(text)}`,
    );
  }
  return value;
}
