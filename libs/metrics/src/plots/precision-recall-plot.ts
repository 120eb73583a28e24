import type { EvaluationProtocol } from '../coco/evaluation-protocol.ts';
import type { PrecisionTable } from '../coco/precision-table.ts';
import { escapeXml, PLOT_COLOURS, px, svgPlot } from './svg.ts';

export interface Curve {
  readonly name: string;
  /** Precision at every recall of the protocol's grid; null where there is nothing to find. */
  readonly precision: readonly (number | null)[];
}

const [WIDTH, HEIGHT] = [640, 420];
const [LEFT, TOP, RIGHT, BOTTOM] = [56, 44, 20, 44];

/**
 * Mean precision over the categories (or of one) at IoU .50, .75 and averaged over .50:.95, all areas.
 * @param only category index
 */
export function precisionRecallCurves(
  protocol: EvaluationProtocol,
  table: PrecisionTable,
  only?: number,
): Curve[] {
  const at = (threshold: number): number[] => {
    const index = protocol.iouThresholds.indexOf(threshold);
    return index < 0 ? [] : [index];
  };
  const groups: [string, number[]][] = [
    ['IoU .50', at(0.5)],
    ['IoU .75', at(0.75)],
    ['IoU .50:.95', protocol.iouThresholds.map((_, t) => t)],
  ];
  return groups.map(([name, thresholds]) => {
    const precision = protocol.recallGrid.map((_, r) => meanPrecision(protocol, table, thresholds, r, only));
    const known = precision.filter((value) => value !== null);
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return { name: known.length === 0 ? name : `${name}   AP ${mean.toFixed(3)}`, precision };
  });
}

function meanPrecision(
  protocol: EvaluationProtocol,
  table: PrecisionTable,
  thresholds: readonly number[],
  r: number,
  only: number | undefined,
): number | null {
  let sum = 0;
  let count = 0;
  for (const t of thresholds) {
    for (let k = only ?? 0; k < (only === undefined ? table.categories : only + 1); k++) {
      const place = (t * protocol.recallGrid.length + r) * table.categories + k;
      const value = table.precision[place * protocol.areaRanges.length]!;
      if (value <= -1) continue;
      sum += value;
      count++;
    }
  }
  return count === 0 ? null : sum / count;
}

/** Precision over recall, one line per curve, as a stand-alone SVG. */
export function precisionRecallPlot(
  title: string,
  recallGrid: readonly number[],
  curves: readonly Curve[],
): string {
  const x = (recall: number): number => LEFT + recall * (WIDTH - LEFT - RIGHT);
  const y = (precision: number): number => HEIGHT - BOTTOM - precision * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const grid = ticks
    .map(
      (tick) =>
        `<path d="M${px(x(tick))} ${px(y(0))}V${px(y(1))}M${px(x(0))} ${px(y(tick))}H${px(x(1))}" stroke="#d8dee4"/>` +
        `<text x="${px(x(tick))}" y="${px(y(0) + 18)}" text-anchor="middle">${tick}</text>` +
        `<text x="${px(x(0) - 8)}" y="${px(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    )
    .join('');
  const lines = curves.map(({ precision }, index) => {
    const points = precision.flatMap((value, r) =>
      value === null ? [] : [`${px(x(recallGrid[r]!))} ${px(y(value))}`],
    );
    if (points.length === 0) return '';
    const colour = PLOT_COLOURS[index % PLOT_COLOURS.length]!;
    const fill = `<path d="M${px(x(0))} ${px(y(0))}L${points.join('L')}L${px(x(1))} ${px(y(0))}Z" fill="${colour}" fill-opacity="0.07"/>`;
    return `${fill}<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2.2" stroke-linejoin="round"/>`;
  });
  const legendHeight = 20 * curves.length + 10;
  const legendY = HEIGHT - BOTTOM - legendHeight - 10;
  const legend =
    `<rect x="${LEFT + 12}" y="${legendY}" width="182" height="${legendHeight}" rx="6" fill="#fff" fill-opacity="0.88" stroke="#d8dee4"/>` +
    curves
      .map(({ name }, index) => {
        const rowY = legendY + 20 * index + 15;
        const colour = PLOT_COLOURS[index % PLOT_COLOURS.length]!;
        return (
          `<path d="M${LEFT + 22} ${rowY}h20" stroke="${colour}" stroke-width="3"/>` +
          `<text x="${LEFT + 50}" y="${rowY + 4}" xml:space="preserve">${escapeXml(name)}</text>`
        );
      })
      .join('');
  const axes =
    `<text x="${px(x(0.5))}" y="${HEIGHT - 8}" text-anchor="middle">recall</text>` +
    `<text transform="translate(16 ${px(y(0.5))}) rotate(-90)" text-anchor="middle">precision</text>`;
  return svgPlot({ width: WIDTH, height: HEIGHT, title, body: grid + lines.join('') + axes + legend });
}
