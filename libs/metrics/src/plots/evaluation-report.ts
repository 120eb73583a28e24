import { escapeXml } from './svg.ts';

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  /** Numbers are printed with three digits, null as a dash. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface EvaluationReport {
  readonly title: string;
  /** Where the numbers come from, one line each. */
  readonly sources: readonly string[];
  readonly tables: readonly ReportTable[];
  /** Stand-alone SVG pictures. */
  readonly plots: readonly string[];
}

const STYLE =
  'body{font:15px/1.5 Inter,system-ui,sans-serif;color:#24292f;max-width:1360px;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #d8dee4}' +
  'td:first-child,th:first-child{text-align:left}.plots{display:flex;flex-wrap:wrap;gap:1rem}svg{max-width:100%;height:auto}code{color:#57606a}';

/** One self-contained HTML page: no scripts, no other files. */
export function evaluationReport({ title, sources, tables, plots }: EvaluationReport): string {
  const lines = sources.map((source) => `<code>${escapeXml(source)}</code>`).join('<br>');
  return (
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${escapeXml(title)}</title><style>${STYLE}</style>` +
    `<h1>${escapeXml(title)}</h1><p>${lines}</p><div class="plots">${plots.join('')}</div>${tables.map(htmlTable).join('')}</html>\n`
  );
}

function htmlTable({ title, columns, rows }: ReportTable): string {
  const head = columns.map((column) => `<th>${escapeXml(column)}</th>`).join('');
  const body = rows
    .map((row) => `<tr>${row.map((cell) => `<td>${formatCell(cell)}</td>`).join('')}</tr>`)
    .join('');
  return `<h2>${escapeXml(title)}</h2><table><tr>${head}</tr>${body}</table>`;
}

function formatCell(cell: string | number | null): string {
  if (cell === null) return '–';
  return typeof cell === 'string'
    ? escapeXml(cell)
    : Number.isInteger(cell) && cell > 1
      ? String(cell)
      : cell.toFixed(3);
}
