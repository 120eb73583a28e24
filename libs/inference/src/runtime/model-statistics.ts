import type { InferMetadata } from '../inference-request.ts';

/** How often, and for how long in all. */
export interface DurationCount {
  readonly count: number;
  readonly ns: number;
}

export interface BatchStatistics {
  readonly batchSize: number;
  /** Forward passes of that many images. */
  readonly count: number;
  readonly computeNs: number;
  readonly outputNs: number;
}

/** What one model has done since it was loaded; the names are Triton's `InferStatistics`. */
export interface ModelStatistics {
  /** From arrival to answer. */
  readonly success: DurationCount;
  readonly fail: DurationCount;
  readonly queue: DurationCount;
  /** Decoding and resizing. */
  readonly computeInput: DurationCount;
  readonly computeInfer: DurationCount;
  readonly computeOutput: DurationCount;
  /** By batch size. */
  readonly batches: readonly BatchStatistics[];
  /** Images that passed. */
  readonly inferenceCount: number;
  /** Forward passes. */
  readonly executionCount: number;
  /** Unix time in milliseconds; 0 before the first. */
  readonly lastInferenceMs: number;
  /** Share of the network's input that was padding. */
  readonly paddingWaste: number;
}

export interface StatisticsCounter {
  succeeded(totalMs: number, metadata: InferMetadata): void;
  failed(totalMs: number): void;
  read(): ModelStatistics;
  /** Milliseconds of forward pass and output that an image takes at best, of the latest; undefined before there are some. */
  readonly msPerImage: number | undefined;
}

/** Images by whose fastest the next ones are judged, and before how many nothing is said: one stall is no speed. */
const LATEST = 32;
const ENOUGH = 8;

export function countStatistics(): StatisticsCounter {
  const sums = {
    successes: 0,
    success: 0,
    fails: 0,
    fail: 0,
    queue: 0,
    input: 0,
    compute: 0,
    output: 0,
    waste: 0,
  };
  const batches = new Map<number, { images: number; computeMs: number; outputMs: number }>();
  let lastInferenceMs = 0;
  const costs: number[] = [];
  return {
    get msPerImage() {
      return costs.length < ENOUGH ? undefined : Math.min(...costs);
    },
    succeeded(totalMs, { batchSize, queueMs, inputMs, computeMs, outputMs, paddingWaste }) {
      sums.successes += 1;
      sums.success += totalMs;
      sums.queue += queueMs;
      sums.input += inputMs;
      sums.compute += computeMs;
      sums.output += outputMs;
      sums.waste += paddingWaste;
      lastInferenceMs = Date.now();
      // Every image of a batch brings the batch's times: each counts its share.
      const seen = batches.get(batchSize) ?? { images: 0, computeMs: 0, outputMs: 0 };
      batches.set(batchSize, {
        images: seen.images + 1,
        computeMs: seen.computeMs + computeMs / batchSize,
        outputMs: seen.outputMs + outputMs / batchSize,
      });
      costs.push((computeMs + outputMs) / batchSize);
      if (costs.length > LATEST) costs.shift();
    },
    failed(totalMs) {
      sums.fails += 1;
      sums.fail += totalMs;
    },
    read() {
      const count = sums.successes;
      const duration = (ms: number): DurationCount => ({ count, ns: nanoseconds(ms) });
      const rows = [...batches].sort(([a], [b]) => a - b);
      return {
        success: duration(sums.success),
        fail: { count: sums.fails, ns: nanoseconds(sums.fail) },
        queue: duration(sums.queue),
        computeInput: duration(sums.input),
        computeInfer: duration(sums.compute),
        computeOutput: duration(sums.output),
        batches: rows.map(([batchSize, { images, computeMs, outputMs }]) => ({
          batchSize,
          count: Math.round(images / batchSize),
          computeNs: nanoseconds(computeMs),
          outputNs: nanoseconds(outputMs),
        })),
        inferenceCount: count,
        executionCount: Math.round(rows.reduce((sum, [size, { images }]) => sum + images / size, 0)),
        lastInferenceMs,
        paddingWaste: count === 0 ? 0 : sums.waste / count,
      };
    },
  };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
