import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { number } from '../../format.ts';
import { seriesColour, useTheme } from '../../theme.ts';
import { decimate, type Line } from './decimate.ts';

export interface ChartLine extends Line {
  readonly name: string;
}

interface LiveChartProps {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly isLogarithmic?: boolean;
  /** The lines grow in place; it tells that they did. */
  readonly version: unknown;
}

const HEIGHT = 230;
/** A logarithmic axis has no place for 0 and less; below this uPlot adds steps that round to nothing, without end. */
const LEAST_LOGARITHM = 1e-15;

/** Lines that grow; drag to zoom, double-click to see all. As many points are drawn as there are pixels. */
export function LiveChart({ title, lines, isLogarithmic = false, version }: LiveChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = useTheme();
  const shown = useRef(lines);
  shown.current = lines;
  const names = lines.map(({ name }) => name).join('\n');

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const chart = new uPlot(
      optionsOf(element, shown.current, isLogarithmic),
      dataOf(shown.current, { isLogarithmic }),
      element,
    );
    plot.current = chart;
    const redraw = (): void => {
      const { min, max } = chart.scales['x'] ?? {};
      const part = { min: min ?? undefined, max: max ?? undefined, width: chart.width, isLogarithmic };
      chart.setData(dataOf(shown.current, part), false);
    };
    chart.hooks.setSelect = [
      ({ select }) => {
        if (select.width < 4) return;
        const min = chart.posToVal(select.left, 'x');
        const max = chart.posToVal(select.left + select.width, 'x');
        queueMicrotask(() => {
          chart.setScale('x', { min, max });
          redraw();
        });
      },
    ];
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [names, isLogarithmic, theme]);

  useEffect(() => {
    const chart = plot.current;
    if (chart === undefined || isZoomed(chart, lines)) return;
    chart.setData(dataOf(lines, { width: chart.width, isLogarithmic }));
  }, [version, lines]);

  return (
    <figure class="panel chart">
      <figcaption>{title}</figcaption>
      <div ref={frame} role="img" aria-label={`${title}: ${lines.map(lastValue).join('; ')}`} />
    </figure>
  );
}

function lastValue({ name, y }: ChartLine): string {
  return `${name} ${number(y.at(-1) ?? NaN)}`;
}

function isZoomed({ scales, data }: uPlot, lines: readonly ChartLine[]): boolean {
  const { min, max } = scales['x'] ?? {};
  const xs = data[0];
  if (min == null || max == null || xs.length === 0) return false;
  const first = Math.min(...lines.map(({ x }) => x[0] ?? Infinity));
  return min > first || max < (xs.at(-1) ?? 0);
}

interface Part {
  /** Of the x axis. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Pixels. */
  readonly width?: number;
  readonly isLogarithmic: boolean;
}

function dataOf(
  lines: readonly ChartLine[],
  { min = -Infinity, max = Infinity, width = 1200, isLogarithmic }: Part,
): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  const isDrawn = (value: number): boolean =>
    Number.isFinite(value) && (!isLogarithmic || value > LEAST_LOGARITHM);
  const tables = lines.map((line): uPlot.AlignedData => {
    const { x, y } = decimate(line, min, max, width);
    return [[...x], y.map((value) => (isDrawn(value) ? value : null))];
  });
  return tables.length === 1 ? (tables[0] ?? [[]]) : uPlot.join(tables);
}

function optionsOf(element: HTMLElement, lines: readonly ChartLine[], isLogarithmic: boolean): uPlot.Options {
  const style = getComputedStyle(element);
  const soft = style.getPropertyValue('--soft');
  const axis = {
    stroke: soft,
    grid: { stroke: style.getPropertyValue('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    scales: { x: { time: false }, y: isLogarithmic ? { distr: 3 } : {} },
    axes: [
      axis,
      {
        ...axis,
        size: 58,
        values: (_, splits) => splits.map((value) => (value == null ? '' : number(value))),
      },
    ],
    cursor: { drag: { x: true, y: false, setScale: true } },
    series: [
      { label: 'iteration' },
      ...lines.map(({ name }, index) => ({
        label: name,
        stroke: seriesColour(index),
        width: 1.5,
        spanGaps: true,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : number(value)),
      })),
    ],
  };
}
