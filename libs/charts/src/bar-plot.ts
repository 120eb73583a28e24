import { h, type JSX } from 'preact';
import { Frame, seriesClass, text, X_RANGE, Y_RANGE } from './frame.ts';
import { niceScale } from './scale.ts';

/** One bar; `spread` is drawn as a whisker on both sides. */
export interface Bar {
  readonly value: number;
  readonly spread?: number;
}

export interface BarPlotProps {
  readonly title: string;
  readonly yLabel: string;
  readonly groups: readonly { readonly name: string; readonly bars: readonly (Bar | undefined)[] }[];
  /** What the n-th bar of every group is. */
  readonly series: readonly string[];
}

/** The highest bar's value is written above it. */
const HEADROOM = 1.08;

/** Groups of bars. */
export function BarPlot({ title, yLabel, groups, series }: BarPlotProps): JSX.Element | null {
  const bars = groups.flatMap((group) => group.bars).filter((bar) => bar !== undefined);
  if (bars.length === 0) return null;
  const highest = Math.max(...bars.map(({ value, spread = 0 }) => value + spread));
  const y = niceScale([0, HEADROOM * highest], Y_RANGE);
  const slot = (X_RANGE[1] - X_RANGE[0]) / groups.length;
  const width = Math.min(46, (slot * 0.84) / series.length);
  // Values and upright names need room.
  const hasValues = width >= 22;
  const isUpright = slot >= 64;
  return h(
    Frame,
    { title, yLabel, y, series, summary: summaryOf(title, groups, series) },
    groups.map((group, at) => {
      const middle = X_RANGE[0] + slot * (at + 0.5);
      const left = middle - (width * series.length) / 2;
      return [
        group.bars.map((bar, index) => bar && drawBar(bar, index, left + width * index)),
        isUpright
          ? text(middle, Y_RANGE[0] + 17, group.name, { 'text-anchor': 'middle' })
          : text(middle + 4, Y_RANGE[0] + 12, clipped(group.name), {
              'text-anchor': 'end',
              transform: `rotate(-35 ${middle + 4} ${Y_RANGE[0] + 12})`,
            }),
      ];
    }),
  );

  function drawBar({ value, spread = 0 }: Bar, index: number, x: number): JSX.Element[] {
    const top = y.toPixel(value);
    const centre = x + width / 2;
    return [
      h('rect', {
        class: `bar ${seriesClass(index)}`,
        x: (x + 1).toFixed(1),
        y: top.toFixed(1),
        width: Math.max(1, width - 2).toFixed(1),
        height: Math.max(0, Y_RANGE[0] - top).toFixed(1),
        rx: 2,
      }),
      ...(spread > 0
        ? [
            h('line', {
              class: 'whisker',
              x1: centre,
              x2: centre,
              y1: y.toPixel(value - spread),
              y2: y.toPixel(value + spread),
            }),
          ]
        : []),
      ...(hasValues
        ? [
            text(centre, y.toPixel(value + spread) - 5, valueText(value), {
              'text-anchor': 'middle',
              class: 'value',
            }),
          ]
        : []),
    ];
  }
}

/** As tables beside the plot have it. */
function valueText(value: number): string {
  return value.toFixed(1);
}

function clipped(name: string): string {
  return name.length > 9 ? `${name.slice(0, 8)}…` : name;
}

function summaryOf(title: string, groups: BarPlotProps['groups'], series: readonly string[]): string {
  const parts = groups.map(({ name, bars }) => {
    const values = bars.map(
      (bar, index) => `${series[index] ?? ''} ${bar === undefined ? '–' : valueText(bar.value)}`,
    );
    return `${name}: ${values.join(', ')}`;
  });
  return `${title}. ${parts.join('; ')}`;
}
