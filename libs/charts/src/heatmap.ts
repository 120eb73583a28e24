import { h, type JSX } from 'preact';

export interface HeatmapProps {
  readonly title: string;
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** A row of counts for each row. */
  readonly counts: readonly (readonly number[])[];
}

const SHADES = 9;

/** Counts of pairs as a shaded table, which is what screen readers need too. Shades are shares of a row. */
export function Heatmap({ title, rowLabel, columnLabel, rows, columns, counts }: HeatmapProps): JSX.Element {
  return h(
    'figure',
    { class: 'plot heatmap' },
    h('figcaption', null, title),
    h(
      'div',
      { class: 'wide', tabIndex: 0, role: 'group', 'aria-label': title },
      h(
        'table',
        null,
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            h('th', { scope: 'col' }, `${rowLabel} ↓ ${columnLabel} →`),
            columns.map((name) => h('th', { scope: 'col', key: name }, name)),
          ),
        ),
        h(
          'tbody',
          null,
          rows.map((name, row) =>
            h('tr', { key: name }, h('th', { scope: 'row' }, name), cells(counts[row] ?? [])),
          ),
        ),
      ),
    ),
  );
}

function cells(counts: readonly number[]): JSX.Element[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count, column) => {
    const share = sum === 0 ? 0 : count / sum;
    return h('td', { key: column, class: `shade-${Math.round(share * SHADES)}` }, String(count));
  });
}
