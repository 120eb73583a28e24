import { BarPlot } from '@cassl/charts';
import { h, type JSX } from 'preact';
import type { ReportContent } from './report-content.ts';
import type { ReportJson } from './report-json.ts';
import { ARM_COLUMNS, ARM_TITLES, formatAggregate, formatPercent } from './report-table.ts';
import { tableHead } from './table-head.ts';

/** The compared arms: what the warmup is worth at the same finetuning budget. */
export function ResultSection({ pipeline, report }: ReportContent): JSX.Element {
  const images = pipeline.stages.find(({ name }) => name === 'labeling')?.status?.progress?.total ?? 0;
  return h(
    'section',
    null,
    h(
      'div',
      { class: 'tiles' },
      tiles(report, images).map(([value, what]) =>
        h('div', { class: 'card tile', key: what }, h('b', null, value), h('span', null, what)),
      ),
    ),
    h('h2', null, 'Same finetuning budget, with and without warmup'),
    h('div', { class: 'card wide', tabIndex: 0 }, table(report)),
    h('div', { class: 'charts spaced' }, apPlot(report)),
  );
}

function tiles(
  { arms, labeler, pseudoLabels }: ReportJson,
  images: number,
): readonly (readonly [value: string, what: string])[] {
  const gain = (metric: string): string => {
    const [warm, cold] = [arms.warmup?.[metric], arms.scratch?.[metric]];
    if (warm === undefined || cold === undefined) return '–';
    const points = 100 * (warm.mean - cold.mean);
    return `${points >= 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`;
  };
  const { precision, recall, threshold = 0 } = pseudoLabels;
  return [
    [gain('boxAPAgnostic'), 'points of class-agnostic box AP by warmup'],
    [gain('boxAP'), 'points of box AP by warmup'],
    [formatPercent(labeler.boxAPAgnostic), 'class-agnostic box AP of the labeler'],
    precision === undefined
      ? [String(images), 'unlabeled images, truth unknown']
      : [
          `${formatPercent(precision)} / ${formatPercent(recall)}`,
          `precision / recall of pseudo labels above ${threshold.toFixed(2)}`,
        ],
  ];
}

function table({ arms, labeler, warmup }: ReportJson): JSX.Element {
  const agnostic = (title: string, values: Readonly<Record<string, number>>): JSX.Element =>
    h(
      'tr',
      null,
      h('th', { scope: 'row' }, title),
      ARM_COLUMNS.map(([key]) =>
        h('td', { key }, key === 'boxAPAgnostic' ? formatPercent(values.boxAPAgnostic) : ''),
      ),
    );
  return h(
    'table',
    null,
    tableHead(['', ...ARM_COLUMNS.map(([, title]) => title)]),
    h(
      'tbody',
      null,
      Object.entries(arms).map(([name, metrics]) =>
        h(
          'tr',
          { key: name, class: name === 'warmup' ? 'best' : '' },
          h('th', { scope: 'row' }, ARM_TITLES[name] ?? name),
          ARM_COLUMNS.map(([key]) => h('td', { key }, formatAggregate(metrics[key]))),
        ),
      ),
      agnostic('pseudo labeler', labeler),
      agnostic('warmed-up model', warmup),
    ),
  );
}

function apPlot({ arms }: ReportJson): JSX.Element {
  return h(BarPlot, {
    title: 'AP on the validation images',
    yLabel: 'percent',
    series: Object.keys(arms).map((name) => ARM_TITLES[name] ?? name),
    groups: ARM_COLUMNS.map(([key, title]) => ({
      name: title.replace('class-agnostic box AP', 'agnostic AP'),
      bars: Object.values(arms).map((metrics) => {
        const value = metrics[key];
        return value === undefined ? undefined : { value: 100 * value.mean, spread: 100 * value.std };
      }),
    })),
  });
}
