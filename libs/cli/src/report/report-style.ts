/** The report's style sheet: system fonts, light and dark, no outside assets. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #5b6675; --line: #e2e6ec; --mark: #eef6f1;
  --series-0: #0b7a75; --series-1: #d1603d; --series-2: #6a4c93; --series-3: #2f6fb3; --series-4: #b8860b; --series-5: #8a8f98; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --ink: #e7ebf0; --soft: #9aa5b3; --line: #2b3440; --mark: #17302b;
  --series-0: #35b8a8; --series-1: #f08a5d; --series-2: #b497e7; --series-3: #6fb1f0; --series-4: #e0b84c; --series-5: #8a94a3; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
.lead { color: var(--soft); margin: 4px 0 24px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; margin-bottom: 12px; }
.tile b { display: block; font-size: 26px; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--soft); font-weight: 500; font-size: 13px; }
tr:last-child td { border-bottom: 0; }
tr.best td { background: var(--mark); font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 12px; }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.chart figcaption { font-weight: 600; margin-bottom: 6px; }
.chart svg { width: 100%; height: auto; display: block; font-size: 12px; fill: var(--soft); }
.chart .grid { stroke: var(--line); }
.chart .whisker { stroke: var(--ink); stroke-width: 1.5; }
.chart .value { fill: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--soft); font-size: 13px; margin-top: 6px; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--row)), 1fr)); gap: 12px; }
.row { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 10px; }
.row h3 { font-size: 12px; font-weight: 500; color: var(--soft); margin: 0 0 6px; overflow: hidden; text-overflow: ellipsis; }
.panels { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 8px; }
.panels figure { margin: 0; }
.panels img { width: 100%; display: block; border-radius: 6px; }
.panels figcaption { font-size: 12px; color: var(--soft); margin-top: 3px; }
footer { color: var(--soft); font-size: 13px; margin-top: 40px; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .92em; }
`;
