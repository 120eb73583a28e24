const SHADES = Array.from(
  { length: 10 },
  (_, level) =>
    `.shade-${level} { background: color-mix(in srgb, var(--series-0) ${level * 10}%, transparent);${level > 5 ? ' color: var(--on-accent);' : ''} }`,
).join('\n');

const SERIES = Array.from(
  { length: 8 },
  (_, index) =>
    `.line.series-${index} { stroke: var(--series-${index}); } .bar.series-${index} { fill: var(--series-${index}); } .key.series-${index}::before { background: var(--series-${index}); }`,
).join('\n');

/** Colours, light and dark, of everything that cassl draws. */
export const PALETTE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #566070; --line: #dfe4ea; --mark: #eef6f1;
  --accent: #0b6e69; --on-accent: #fff; --good: #1d7a3d; --bad: #b3261e; --bad-soft: #fdeeec; --wait: #7a5a00; --focus: #0b57d0;
  --series-0: #0b7a75; --series-1: #c2502d; --series-2: #6a4c93; --series-3: #2f6fb3; --series-4: #946a00; --series-5: #a03060;
  --series-6: #4d7c0f; --series-7: #5f6873; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --ink: #e7ebf0; --soft: #a3aebb; --line: #2e3743;
  --mark: #17302b; --accent: #45c4b5; --on-accent: #06211e; --good: #6fd08c; --bad: #ff8f85; --bad-soft: #3a1d1b; --wait: #e6c061;
  --focus: #8ab4f8; --series-0: #35b8a8; --series-1: #f08a5d; --series-2: #b497e7; --series-3: #6fb1f0; --series-4: #e0b84c;
  --series-5: #f08ab4; --series-6: #a3cf5f; --series-7: #9aa5b3; } }
`;

/** The style sheet of the charts; wants the colours of {@link PALETTE}. */
export const CHART_STYLE = `
.plot { margin: 0; min-width: 0; }
.plot figcaption { font-weight: 600; margin-bottom: 6px; }
.plot svg { width: 100%; height: auto; display: block; font-size: 12px; fill: var(--soft); }
.plot .grid { stroke: var(--line); }
.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.plot .bar.faint { fill: var(--soft); opacity: .35; }
.plot .whisker { stroke: var(--ink); stroke-width: 1.5; }
.plot .value { fill: var(--ink); }
.plot .mark { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 4; }
.plot .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--soft); font-size: 13px; margin: 6px 0 0; padding: 0; }
.plot .key::before { content: ''; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.heatmap .wide { overflow-x: auto; }
.heatmap table { width: auto; font-variant-numeric: tabular-nums; border-collapse: collapse; }
.heatmap td { text-align: right; min-width: 44px; }
${SERIES}
${SHADES}
`;
