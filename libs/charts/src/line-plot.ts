import { h, type JSX } from 'preact';
import { Frame, seriesClass, X_RANGE, Y_RANGE } from './frame.ts';
import { niceScale } from './scale.ts';

/** One line of a chart. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlotProps {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly PlotLine[];
  /** Ends of the y axis; default: from 0 to what 98 % of the points stay below (first steps of a training are far off). */
  readonly yRange?: readonly [number, number];
  /** An x to mark. */
  readonly mark?: number | undefined;
  readonly summary?: string;
}

/** Lines over a common axis. */
export function LinePlot(props: LinePlotProps): JSX.Element | null {
  const { title, xLabel, yLabel, lines, mark, summary } = props;
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y)).sort((a, b) => a - b);
  if (xs.length === 0) return null;
  const yRange = props.yRange ?? [0, ys[Math.floor(0.98 * (ys.length - 1))] ?? 1];
  const x = niceScale([Math.min(...ends(xs)), Math.max(...ends(xs))], X_RANGE);
  const y = niceScale(yRange, Y_RANGE);
  const place = ([px, py]: readonly [number, number]): string =>
    `${x.toPixel(px).toFixed(1)},${Math.max(Y_RANGE[1], y.toPixel(py)).toFixed(1)}`;
  return h(
    Frame,
    { title, summary, xLabel, yLabel, x, y, series: lines.map(({ name }) => name) },
    lines.map(({ name, points }, index) =>
      h('polyline', { key: name, class: `line ${seriesClass(index)}`, points: points.map(place).join(' ') }),
    ),
    mark !== undefined &&
      h('line', { class: 'mark', x1: x.toPixel(mark), x2: x.toPixel(mark), y1: Y_RANGE[0], y2: Y_RANGE[1] }),
  );
}

/** Spreading 10^5 numbers into a call would overflow the stack. */
function ends(values: readonly number[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
