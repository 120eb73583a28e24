/** So much colour at most that the page's own ink is read on it: 72 % on white, 50 % on black. */
const shades = (percent: number): string =>
  Array.from(
    { length: 10 },
    (_, level) =>
      `.shade-${level} { background: color-mix(in srgb, var(--series-0) ${level * percent}%, transparent); }`,
  ).join('\n');
const SHADES = `${shades(8)}
@media (prefers-color-scheme: dark) { ${shades(5.5)} }`;

/** A shadow at each side where there is more to scroll to; the backgrounds that scroll along cover it at the ends. */
const SCROLL_HINT = `
.wide, .scrolls { --under: var(--card); --shade: color-mix(in srgb, var(--soft) 55%, transparent); overflow-x: auto; background:
  linear-gradient(to right, var(--under) 40%, transparent) left / 40px 100% no-repeat local,
  linear-gradient(to left, var(--under) 40%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to right, var(--shade), transparent) left / 14px 100% no-repeat scroll,
  linear-gradient(to left, var(--shade), transparent) right / 14px 100% no-repeat scroll, var(--under); }`;

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
export const CHART_STYLE = `${SCROLL_HINT}
.plot { margin: 0; min-width: 0; }
.plot figcaption { font-weight: 600; margin-bottom: 6px; }
.plot svg { width: 100%; height: auto; display: block; font-size: 12px; fill: var(--soft); }
@media (max-width: 560px) { .plot svg { font-size: 15px; } }
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
