import { escapeHtml, niceCeiling } from './line-chart.ts';

/** One bar; `spread` is drawn as a whisker on both sides. */
export interface Bar {
  readonly value: number;
  readonly spread: number;
}

export interface BarChartOptions {
  readonly title: string;
  readonly yLabel: string;
  readonly groups: readonly { readonly name: string; readonly bars: readonly (Bar | undefined)[] }[];
  /** What the n-th bar of every group is. */
  readonly series: readonly string[];
}

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 52;
const RIGHT = 12;
const TOP = 22;
const BOTTOM = 30;

/** An inline SVG of grouped bars, in the page's colours. */
export function barChart({ title, yLabel, groups, series }: BarChartOptions): string {
  const tallest = groups.flatMap(({ bars }) =>
    bars.map((bar) => (bar === undefined ? 0 : bar.value + bar.spread)),
  );
  const max = niceCeiling(Math.max(0, ...tallest));
  const toY = (value: number): number => HEIGHT - BOTTOM - (value / max) * (HEIGHT - TOP - BOTTOM);
  const slot = (WIDTH - LEFT - RIGHT) / groups.length;
  const width = Math.min(46, (slot * 0.8) / series.length);
  const grid = [0, 0.25, 0.5, 0.75, 1]
    .map((part) => {
      const y = toY(part * max).toFixed(1);
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" class="grid"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${Math.round(part * max * 10) / 10}</text>`;
    })
    .join('');
  const drawn = groups
    .map(({ name, bars }, group) => {
      const middle = LEFT + slot * (group + 0.5);
      const rects = bars.map((bar, index) =>
        bar === undefined ? '' : drawBar(bar, index, middle + width * (index - series.length / 2)),
      );
      return `${rects.join('')}<text x="${middle.toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${escapeHtml(name)}</text>`;
    })
    .join('');
  const legend = series
    .map(
      (name, index) =>
        `<span class="key"><i style="background:var(--series-${index % 6})"></i>${escapeHtml(name)}</span>`,
    )
    .join('');
  return `<figure class="chart"><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid}${drawn}<text x="12" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 12 ${HEIGHT / 2})">${escapeHtml(yLabel)}</text></svg><div class="legend">${legend}</div></figure>`;

  function drawBar({ value, spread }: Bar, index: number, x: number): string {
    const y = toY(value);
    const centre = (x + width / 2).toFixed(1);
    const whisker =
      spread === 0
        ? ''
        : `<line x1="${centre}" x2="${centre}" y1="${toY(value - spread).toFixed(1)}" y2="${toY(value + spread).toFixed(1)}" class="whisker"/>`;
    const top = Math.min(y, toY(value + spread)) - 5;
    return `<rect x="${(x + 1).toFixed(1)}" y="${y.toFixed(1)}" width="${(width - 2).toFixed(1)}" height="${(HEIGHT - BOTTOM - y).toFixed(1)}" rx="2" fill="var(--series-${index % 6})"/>${whisker}<text x="${centre}" y="${top.toFixed(1)}" text-anchor="middle" class="value">${value.toFixed(1)}</text>`;
  }
}
