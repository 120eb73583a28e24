import { setTimeout as delay } from 'node:timers/promises';
import { invalidArgument } from '@cassl/errors';
import { ExternalScalerDefinition } from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import type { DrainScope } from '../labeling/seconds-to-drain.ts';

const METRIC = 'work-seconds';
const DEFAULT_DRAIN_SECONDS = 600;
const MAX_DRAIN_SECONDS = 604_800;
/** How often a stream looks whether there is work. */
const LOOK_EVERY_MS = 1000;

/** Trigger metadata: what a ScaledObject asks for. */
interface Wish extends DrainScope {
  readonly drainSeconds: number;
}

/**
 * KEDA's external scaler: the metric is the work in seconds of one pod, the target the seconds in which it shall be done, so
 * KEDA's quotient is the number of pods.
 * @param readWorkSeconds of a pool and priority; throws where the work is not known: then KEDA changes nothing
 */
export function scalerService(readWorkSeconds: (scope: DrainScope) => Promise<number>): ServedService {
  return implement(ExternalScalerDefinition, {
    isActive: async ({ scalerMetadata }) => {
      return { result: (await readWorkSeconds(readWish(scalerMetadata))) > 0 };
    },
    async *streamIsActive({ scalerMetadata }, { signal, stopping }) {
      const wish = readWish(scalerMetadata);
      const over = AbortSignal.any([signal, stopping]);
      for (let last: boolean | undefined; !over.aborted;) {
        const result = (await readWorkSeconds(wish)) > 0;
        if (result !== last) yield { result };
        last = result;
        await delay(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
      }
    },
    getMetricSpec: ({ scalerMetadata }) => {
      const { drainSeconds: target } = readWish(scalerMetadata);
      return Promise.resolve({
        metricSpecs: [{ metricName: METRIC, targetSize: target, targetSizeFloat: target }],
      });
    },
    getMetrics: async ({ scaledObjectRef }) => {
      const seconds = await readWorkSeconds(readWish(scaledObjectRef?.scalerMetadata ?? {}));
      return {
        metricValues: [{ metricName: METRIC, metricValue: Math.ceil(seconds), metricValueFloat: seconds }],
      };
    },
  });
}

function readWish(metadata: Readonly<Record<string, string>>): Wish {
  const { pool = '', priority } = metadata;
  return {
    pool,
    drainSeconds: whole(metadata, 'drainSeconds', 1, MAX_DRAIN_SECONDS, DEFAULT_DRAIN_SECONDS),
    ...(priority !== undefined && { priority: whole(metadata, 'priority', -100, 100, 0) }),
  };
}

function whole(
  metadata: Readonly<Record<string, string>>,
  name: string,
  low: number,
  high: number,
  fallback: number,
): number {
  const text = metadata[name] ?? String(fallback);
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalidArgument(
    `scalerMetadata.${name} must be a whole number from ${low} to ${high}, got ${JSON.stringify(text)}`,
  );
}
