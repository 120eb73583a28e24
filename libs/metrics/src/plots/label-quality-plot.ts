import type { LabelQualitySweep } from '../pseudo-labels/score-pseudo-labels.ts';
import { PLOT_COLOURS, px, svgPlot } from './svg.ts';

const [WIDTH, HEIGHT] = [640, 420];
const [LEFT, TOP, RIGHT, BOTTOM] = [56, 66, 20, 44];
const LEGEND_Y = 47;

/** Precision, recall, F1 and mean IoU of labels over the score threshold, the best F1 marked, as a stand-alone SVG. */
export function labelQualityPlot(title: string, { sweep, best }: LabelQualitySweep): string {
  const x = (threshold: number): number => LEFT + threshold * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1]
    .map(
      (tick) =>
        `<path d="M${px(x(tick))} ${px(y(0))}V${px(y(1))}M${px(x(0))} ${px(y(tick))}H${px(x(1))}" stroke="#d8dee4"/>` +
        `<text x="${px(x(tick))}" y="${px(y(0) + 18)}" text-anchor="middle">${tick}</text>` +
        `<text x="${px(x(0) - 8)}" y="${px(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    )
    .join('');
  const series = (['precision', 'recall', 'f1', 'meanIou'] as const).map((key, index) => {
    const points = sweep.flatMap((entry) => {
      const value = entry[key];
      return value === null ? [] : [`${px(x(entry.threshold))} ${px(y(value))}`];
    });
    const colour = PLOT_COLOURS[index]!;
    const name = { precision: 'precision', recall: 'recall', f1: 'F1', meanIou: 'mean IoU' }[key];
    const legendX = LEFT + 96 * index;
    return (
      (points.length === 0
        ? ''
        : `<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2.2"/>`) +
      `<path d="M${legendX} ${LEGEND_Y}h18" stroke="${colour}" stroke-width="3"/><text x="${legendX + 24}" y="${LEGEND_Y + 4}">${name}</text>`
    );
  });
  const mark =
    `<path d="M${px(x(best.threshold))} ${px(y(0))}V${px(y(1))}" stroke="#24292f" stroke-dasharray="4 4"/>` +
    `<text x="${px(x(best.threshold) + 6)}" y="${px(y(0) - 8)}">best F1 ${best.f1.toFixed(3)} above ${best.threshold}</text>`;
  const axis = `<text x="${px(x(0.5))}" y="${HEIGHT - 8}" text-anchor="middle">score threshold</text>`;
  return svgPlot({ width: WIDTH, height: HEIGHT, title, body: grid + mark + series.join('') + axis });
}
