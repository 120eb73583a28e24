import { BarPlot, Heatmap, LinePlot, type Bar } from '@cassl/charts';
import { h, type JSX } from 'preact';
import type { ArmContent, ReportContent } from './report-content.ts';
import { ARM_TITLES } from './report-table.ts';

const SIZES = [
  ['APs', 'small, < 32² px'],
  ['APm', 'medium'],
  ['APl', 'large, > 96² px'],
] as const;

/** Which classes and sizes are found, how precisely, and what they are taken for. */
export function ClassesSection({ arms, categories }: ReportContent): JSX.Element | null {
  if (arms.length === 0) return null;
  const series = arms.map(({ name }) => titleOf(name));
  return h(
    'section',
    null,
    h('h2', null, 'By class and size'),
    h('p', { class: 'lead' }, 'Boxes on the validation images; of several seeds the first.'),
    h(
      'div',
      { class: 'charts' },
      h(BarPlot, {
        title: 'Box AP by class',
        yLabel: 'percent',
        series,
        groups: categories.map((name, index) => ({
          name,
          bars: arms.map(({ measures }) => bar(measures.perCategory[index]?.AP)),
        })),
      }),
      h(BarPlot, {
        title: 'Box AP by size of the object',
        yLabel: 'percent',
        series,
        groups: SIZES.map(([key, name]) => ({
          name,
          bars: arms.map(({ measures }) => bar(measures.numbers[key])),
        })),
      }),
      arms.map((arm) => precisionRecall(arm)),
    ),
    arms.map((arm) =>
      h(
        'div',
        { key: arm.name, class: 'spaced' },
        h(Heatmap, {
          title: `What objects are taken for, ${titleOf(arm.name)} (scores above 0.3, IoU 0.5)`,
          rowLabel: 'truth',
          columnLabel: 'found as',
          rows: [...categories, 'nothing there'],
          columns: [...categories, 'missed'],
          counts: arm.measures.confusion,
        }),
      ),
    ),
  );
}

function precisionRecall({ name, measures }: ArmContent): JSX.Element {
  return h(LinePlot, {
    key: name,
    title: `Precision over recall, ${titleOf(name)}`,
    xLabel: 'recall',
    yLabel: 'precision',
    yRange: [0, 1],
    lines: measures.precisionRecall,
  });
}

function bar(value: number | null | undefined): Bar | undefined {
  return value === null || value === undefined ? undefined : { value: 100 * value };
}

function titleOf(arm: string): string {
  return ARM_TITLES[arm] ?? arm;
}
