/** How a load went. */
export interface LoadResult {
  readonly answered: number;
  /** Answers a second, over the time to the last one. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Of answers, milliseconds; NaN where there was none. */
  readonly latencyMs: Readonly<Record<'mean' | 'p50' | 'p90' | 'p95' | 'p99' | 'p999' | 'max', number>>;
  /** Requests without an answer, by status code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Open loop: how late the tool itself sent at worst. More than some milliseconds: this machine is too busy to measure. */
  readonly sentLateMs: number;
}

export function summarize(
  timesMs: readonly number[],
  rest: {
    readonly errors: ReadonlyMap<string, number>;
    readonly seconds: number;
    readonly sentLateMs: number;
  },
): LoadResult {
  const sorted = Float64Array.from(timesMs).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return {
    answered: sorted.length,
    perSecond: sorted.length / rest.seconds,
    seconds: rest.seconds,
    latencyMs: {
      mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
      p50: at(0.5),
      p90: at(0.9),
      p95: at(0.95),
      p99: at(0.99),
      p999: at(0.999),
      max: at(1),
    },
    errors: Object.fromEntries(rest.errors),
    sentLateMs: rest.sentLateMs,
  };
}
