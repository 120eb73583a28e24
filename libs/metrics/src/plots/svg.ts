/** Text made safe for SVG and HTML. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Coordinates in plots need no more than a hundredth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Colour-blind safe (Okabe and Ito). */
export const PLOT_COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;

export interface PlotFrame {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly body: string;
}

/** A stand-alone SVG picture on white, with system fonts. */
export function svgPlot({ width, height, title, body }: PlotFrame): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escapeXml(title)}" font-family="Inter, system-ui, sans-serif" font-size="12" fill="#24292f">` +
    `<rect width="${width}" height="${height}" fill="#fff"/>` +
    `<text x="56" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>${body}</svg>\n`
  );
}
