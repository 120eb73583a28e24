/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 52;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 38;
const TICKS = 5;

/** An inline SVG whose colours come from the page: lines are `--series-0`, `--series-1` and so on. */
export function lineChart({ title, xLabel, yLabel, series }: LineChartOptions): string {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const ys = series.flatMap(({ points }) => points.map(([, y]) => y));
  if (xs.length === 0) return '';
  const maxX = niceCeiling(Math.max(...xs));
  // The first steps of a training are far off; what matters is below.
  const maxY = niceCeiling(quantile(ys, 0.98));
  const toX = (x: number): number => LEFT + (x / maxX) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number): number => HEIGHT - BOTTOM - (Math.min(y, maxY) / maxY) * (HEIGHT - TOP - BOTTOM);
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const grid = ticks
    .map((part) => {
      const y = toY(part * maxY).toFixed(1);
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" class="grid"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${short(part * maxY)}</text>`;
    })
    .join('');
  const below = ticks
    .map(
      (part) =>
        `<text x="${toX(part * maxX).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${short(part * maxX)}</text>`,
    )
    .join('');
  const lines = series
    .map(({ points }, index) => {
      const path = points.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="var(--series-${index % 6})" stroke-width="2" stroke-linejoin="round"/>`;
    })
    .join('');
  const legend = series
    .map(
      ({ name }, index) =>
        `<span class="key"><i style="background:var(--series-${index % 6})"></i>${escapeHtml(name)}</span>`,
    )
    .join('');
  return `<figure class="chart"><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid}${below}${lines}<text x="${(WIDTH + LEFT) / 2}" y="${HEIGHT - 3}" text-anchor="middle">${escapeHtml(xLabel)}</text><text x="12" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 12 ${HEIGHT / 2})">${escapeHtml(yLabel)}</text></svg><div class="legend">${legend}</div></figure>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** 1, 2, 2.5 or 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
