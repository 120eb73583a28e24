import { h, type ComponentChildren, type JSX } from 'preact';
import { shortNumber, type Scale } from './scale.ts';

/** Of every chart, in the units of its drawing; it fills the width that it is given. */
const SIZE = { width: 640, height: 300, left: 56, right: 14, top: 14, bottom: 52 } as const;
export const X_RANGE = [SIZE.left, SIZE.width - SIZE.right] as const;
export const Y_RANGE = [SIZE.height - SIZE.bottom, SIZE.top] as const;

/** What is drawn in a frame says itself in words too: `summary` is what screen readers tell. */
export interface FrameProps {
  readonly title: string;
  readonly summary?: string | undefined;
  readonly xLabel?: string | undefined;
  readonly yLabel?: string | undefined;
  readonly x?: Scale | undefined;
  readonly y?: Scale | undefined;
  readonly series?: readonly string[] | undefined;
  readonly children?: ComponentChildren;
}

/** A figure with its axes and legend. */
export function Frame(props: FrameProps): JSX.Element {
  const { title, summary = title, xLabel = '', yLabel = '', x, y, series = [], children } = props;
  const middle = (Y_RANGE[0] + Y_RANGE[1]) / 2;
  return h(
    'figure',
    { class: 'plot' },
    h('figcaption', null, title),
    h(
      'svg',
      { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: 'img', 'aria-label': summary },
      y?.ticks.map((value) => horizontal(y, value)),
      x?.ticks.map((value) =>
        text(x.toPixel(value), Y_RANGE[0] + 17, shortNumber(value), { 'text-anchor': 'middle' }),
      ),
      text((X_RANGE[0] + X_RANGE[1]) / 2, SIZE.height - 6, xLabel, { 'text-anchor': 'middle' }),
      text(13, middle, yLabel, { 'text-anchor': 'middle', transform: `rotate(-90 13 ${middle})` }),
      children,
    ),
    series.length > 1 && h(Legend, { names: series }),
  );
}

function horizontal(scale: Scale, value: number): JSX.Element[] {
  const y = scale.toPixel(value).toFixed(1);
  return [
    h('line', { class: 'grid', x1: X_RANGE[0], x2: X_RANGE[1], y1: y, y2: y }),
    text(X_RANGE[0] - 8, Number(y) + 4, shortNumber(value), { 'text-anchor': 'end' }),
  ];
}

/** Words in a drawing. */
export function text(
  x: number,
  y: number,
  words: string,
  attributes: Readonly<Record<string, string>> = {},
): JSX.Element {
  return h('text', { x: x.toFixed(1), y: y.toFixed(1), ...attributes }, words);
}

function Legend({ names }: { readonly names: readonly string[] }): JSX.Element {
  return h(
    'ul',
    { class: 'legend' },
    names.map((name, index) => h('li', { class: `key ${seriesClass(index)}`, key: name }, name)),
  );
}

/** Class of the n-th series: its colour is the style sheet's. */
export function seriesClass(index: number): string {
  return `series-${index % 8}`;
}
