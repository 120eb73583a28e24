import { openRuntime, type InferenceRuntime, type RuntimeOptions } from './runtime.ts';

/**
 * A runtime over no-op models, for tests and for measuring the runtime itself: every reference is a digest but the keys of
 * `aliases`, which may change at any time.
 */
export function openNoOpRuntime(
  options: Partial<RuntimeOptions> = {},
  aliases: ReadonlyMap<string, string> = new Map(),
): InferenceRuntime {
  return openRuntime({
    findModel: (reference) =>
      Promise.resolve({
        digest: aliases.get(reference) ?? reference,
        categories: [{ id: 1, name: 'object' }],
        spec: { kind: 'no-op' },
        sizeBytes: 0,
      }),
    budget: { bytes: Infinity, policy: 'evict' },
    limits: { images: 256, bytes: 2 ** 28, pixels: 4e8 },
    maxBatch: 8,
    decodePixels: 1e8,
    loadTimeoutMs: 60_000,
    hangMs: 60_000,
    logger: { info: () => undefined, warn: () => undefined },
    ...options,
  });
}
