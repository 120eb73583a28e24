import type { Aggregate } from '@cassl/proto';
import type { ReportJson } from './report-json.ts';

/** What the columns of the arms are called. */
export const ARM_COLUMNS = [
  ['boxAP', 'box AP'],
  ['boxAP50', 'box AP50'],
  ['boxAPAgnostic', 'class-agnostic box AP'],
  ['maskAP', 'mask AP'],
  ['maskAP50', 'mask AP50'],
] as const;

export const ARM_TITLES: Readonly<Record<string, string>> = {
  warmup: 'finetuned from the warmup',
  scratch: 'finetuned without warmup',
  control: 'control: no warmup, all iterations',
};

/** Percent with one digit, and ± where there is more than one seed. */
export function formatAggregate(value: Aggregate | undefined): string {
  if (value === undefined) return '–';
  const mean = (100 * value.mean).toFixed(1);
  return value.seeds.length > 1 ? `${mean} ± ${(100 * value.std).toFixed(1)}` : mean;
}

export function formatPercent(value: number | undefined): string {
  return value === undefined ? '–' : (100 * value).toFixed(1);
}

/** The table for a terminal. */
export function formatReportTable(report: ReportJson): string {
  const header = ['', ...ARM_COLUMNS.map(([, title]) => title)];
  const arms = Object.entries(report.arms).map(([name, metrics]) => [
    ARM_TITLES[name] ?? name,
    ...ARM_COLUMNS.map(([key]) => formatAggregate(metrics[key])),
  ]);
  const agnostic = (title: string, values: Readonly<Record<string, number>>): string[] => [
    title,
    '',
    '',
    formatPercent(values.boxAPAgnostic),
    '',
    '',
  ];
  const rows = [
    header,
    ...arms,
    agnostic('pseudo labeler', report.labeler),
    agnostic('warmed-up model', report.warmup),
  ];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  lines.splice(1, 0, '─'.repeat([...(lines[0] ?? '')].length));
  const { precision, recall, f1, threshold } = report.pseudoLabels;
  const quality =
    precision === undefined
      ? 'truth of the unlabeled images unknown'
      : `precision ${precision.toFixed(3)}, recall ${(recall ?? 0).toFixed(3)}, F1 ${(f1 ?? 0).toFixed(3)}`;
  const total = Object.values(report.timings).reduce((sum, seconds) => sum + seconds, 0);
  return [
    ...lines,
    '',
    `pseudo labels above ${(threshold ?? 0).toFixed(2)}: ${quality}`,
    `${report.engine}, ${(total / 60).toFixed(1)} minutes in stages`,
  ].join('\n');
}
