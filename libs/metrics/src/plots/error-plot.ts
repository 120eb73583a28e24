import type { ErrorBreakdown } from '../errors/error-breakdown.ts';
import { escapeXml, PLOT_COLOURS, px, svgPlot } from './svg.ts';

const WIDTH = 640;
const [LEFT, RIGHT, TOP, ROW] = [56, 130, 62, 44];

/** One bar per outcome, as a share of the objects there are to find, as a stand-alone SVG. */
export function errorPlot(title: string, errors: ErrorBreakdown): string {
  const rows: readonly (readonly [name: string, count: number, explanation: string])[] = [
    ['found', errors.correct, 'right class, IoU ≥ 0.5'],
    ['missed', errors.missed, 'no detection on the object'],
    ['classification', errors.classification, 'on an object of another class'],
    ['localisation', errors.localisation, 'on an object, but loosely: IoU 0.1 to 0.5'],
    ['duplicate', errors.duplicate, 'an object found before'],
    ['background', errors.background, 'on nothing: IoU below 0.1'],
  ];
  const largest = Math.max(1, ...rows.map(([, count]) => count));
  const length = (count: number): number => (count / largest) * (WIDTH - LEFT - RIGHT);
  const colours = [
    PLOT_COLOURS[2],
    '#8c959f',
    PLOT_COLOURS[3],
    PLOT_COLOURS[4],
    PLOT_COLOURS[5],
    PLOT_COLOURS[1],
  ];
  const bars = rows.map(([name, count, explanation], index) => {
    const y = TOP + ROW * index;
    const share = errors.objects === 0 ? '' : ` · ${((100 * count) / errors.objects).toFixed(1)}%`;
    return (
      `<text x="${LEFT}" y="${y + 10}" font-weight="600">${name}<tspan dx="8" font-weight="400" fill="#57606a">${escapeXml(explanation)}</tspan></text>` +
      `<rect x="${LEFT}" y="${y + 16}" width="${px(length(count))}" height="14" rx="3" fill="${colours[index]!}"/>` +
      `<text x="${px(LEFT + length(count) + 8)}" y="${y + 28}">${count}${share}</text>`
    );
  });
  const note = `detections with a score above ${errors.scoreThreshold.toFixed(3)} (best F1) · share of ${errors.objects} objects`;
  return svgPlot({
    width: WIDTH,
    height: TOP + ROW * rows.length + 8,
    title,
    body: `<text x="${LEFT}" y="44" fill="#57606a">${escapeXml(note)}</text>${bars.join('')}`,
  });
}
