import { h, type JSX } from 'preact';
import { Frame, X_RANGE, Y_RANGE } from './frame.ts';
import { niceScale } from './scale.ts';

export interface HistogramProps {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Counts of bins of one width, from 0 to 1. */
  readonly counts: readonly number[];
  /** Bins below it are drawn faint, and a line stands there. */
  readonly threshold?: number | undefined;
  readonly summary?: string;
}

/** How many values fell into each bin of [0, 1]. */
export function Histogram(props: HistogramProps): JSX.Element {
  const { title, xLabel, yLabel, counts, threshold, summary } = props;
  const x = niceScale([0, 1], X_RANGE);
  const y = niceScale([0, Math.max(1, ...counts)], Y_RANGE);
  const width = (X_RANGE[1] - X_RANGE[0]) / Math.max(1, counts.length);
  return h(
    Frame,
    { title, summary, xLabel, yLabel, x, y },
    counts.map((count, bin) => {
      const isKept = threshold === undefined || bin / counts.length >= threshold - 1e-9;
      const top = y.toPixel(count);
      return h('rect', {
        key: bin,
        class: isKept ? 'bar series-0' : 'bar faint',
        x: (X_RANGE[0] + bin * width + 0.5).toFixed(1),
        y: top.toFixed(1),
        width: Math.max(0.5, width - 1).toFixed(1),
        height: (Y_RANGE[0] - top).toFixed(1),
      });
    }),
    threshold !== undefined &&
      h('line', {
        class: 'mark',
        x1: x.toPixel(threshold),
        x2: x.toPixel(threshold),
        y1: Y_RANGE[0],
        y2: Y_RANGE[1],
      }),
  );
}
