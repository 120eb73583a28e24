import { CHART_STYLE, PALETTE } from '@cassl/charts';

/** The report's style sheet: system fonts, light and dark, no outside assets. */
export const REPORT_STYLE = `${PALETTE}${CHART_STYLE}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
h3 { font-size: 15px; margin: 20px 0 8px; }
.lead { color: var(--soft); margin: 4px 0 24px; }
.card, .plot { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; margin-bottom: 12px; }
.tile b { display: block; font-size: 26px; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: 7px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
tbody th { color: var(--ink); }
tr:last-child > * { border-bottom: 0; }
tr.best > * { background: var(--mark); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 12px; }
.spaced { margin-top: 12px; }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 12px; }
.row { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 10px; min-width: 0; }
.row h4 { font-size: 12px; font-weight: 500; color: var(--soft); margin: 0 0 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.panels { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 8px; }
.panels figure { margin: 0; }
.panels img { width: 100%; display: block; border-radius: 6px; }
.panels figcaption { font-size: 12px; color: var(--soft); margin-top: 3px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 10px 20px; margin: 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; }
footer { color: var(--soft); font-size: 13px; margin-top: 40px; }
code, pre { font: .92em/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; }
pre { overflow-x: auto; margin: 0; overflow-wrap: normal; }
@media print { body { background: #fff; } .card, .plot, .row { break-inside: avoid; } }
`;
