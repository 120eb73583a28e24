import { BarPlot, LinePlot, type PlotLine } from '@cassl/charts';
import { h, type JSX } from 'preact';
import { duration } from '../output/duration.ts';
import type { DrawingRow } from '../report/drawing-row.ts';
import { Page } from '../report/page.ts';
import { pictureRows } from '../report/pictures-section.ts';
import { tableHead } from '../report/table-head.ts';
import type { ArmRun } from './arm-run.ts';
import type { ExperimentJson } from './experiment-json.ts';
import { armTable, signed, statementTable } from './experiment-table.ts';

export interface ExperimentPageProps {
  readonly json: ExperimentJson;
  /** Of the first seed. */
  readonly runs: readonly ArmRun[];
  readonly pictures: readonly DrawingRow[];
}

export function ExperimentPage({ json, runs, pictures }: ExperimentPageProps): JSX.Element {
  return h(
    Page,
    { title: json.experiment },
    h('h1', null, json.experiment),
    h('p', { class: 'lead' }, json.claim),
    h(
      'div',
      { class: 'tiles' },
      tiles(json).map(([value, what]) =>
        h('div', { class: 'card tile', key: what }, h('b', null, value), h('span', null, what)),
      ),
    ),
    section('Claim', tableOf(statementTable(json))),
    section('Arms, percent', tableOf(armTable(json))),
    h('h2', null, 'Curves'),
    h('div', { class: 'charts' }, apPlot(json), seedPlot(json), lossPlots(runs)),
    pictures.length > 0 && [h('h2', null, 'Validation images'), pictureRows('', pictures)],
    section('Compute of one seed of an arm', tableOf(computeTable(json))),
    h(
      'footer',
      null,
      json.commands.map((command) => h('code', { key: command }, command)),
      ` ${json.engine}. Intervals are 95 % of Student's t over paired differences. An arm's compute counts what it shares with others in full.`,
    ),
  );
}

function section(title: string, content: JSX.Element): readonly JSX.Element[] {
  return [h('h2', null, title), h('div', { class: 'card wide', tabIndex: 0 }, content)];
}

function tiles(json: ExperimentJson): readonly (readonly [value: string, what: string])[] {
  const { verdict, seeds, statements, difference, trained } = json;
  const [name] = Object.keys(statements);
  return [
    [verdict, `over ${seeds.length} seeds`],
    ...(name === undefined ? [] : [[signed(difference[name] ?? 0), `points, ${name}`] as const]),
    [String(trained.trainings), 'trainings, shared ones once'],
    [duration(trained.seconds), 'in trainings'],
  ];
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): JSX.Element {
  return h(
    'table',
    null,
    tableHead(head),
    h(
      'tbody',
      null,
      rows.map(([name = '', ...cells]) =>
        h(
          'tr',
          { key: name },
          h('th', { scope: 'row' }, name),
          cells.map((cell, index) => h('td', { key: index }, cell)),
        ),
      ),
    ),
  );
}

const PLOTTED = [
  ['boxAP', 'box AP'],
  ['boxAPAgnostic', 'agnostic AP'],
  ['maskAP', 'mask AP'],
  ['warmup.boxAPAgnostic', 'warmed-up'],
] as const;

function apPlot({ summary }: ExperimentJson): JSX.Element {
  const arms = Object.values(summary);
  const groups = PLOTTED.filter(([key]) => arms.some((metrics) => metrics[key] !== undefined));
  return h(BarPlot, {
    title: 'AP on the validation images',
    yLabel: 'percent',
    series: Object.keys(summary),
    groups: groups.map(([key, name]) => ({
      name,
      bars: arms.map(({ [key]: value }) => value && { value: 100 * value.mean, spread: 100 * value.std }),
    })),
  });
}

/** Whether a difference is of one lucky seed can be seen here. */
function seedPlot({ arms, seeds }: ExperimentJson): JSX.Element {
  const lines = Object.entries(arms).flatMap(([name, { boxAPAgnostic }]): PlotLine[] =>
    boxAPAgnostic === undefined
      ? []
      : [{ name, points: boxAPAgnostic.map((value, index) => [seeds[index] ?? 0, 100 * value] as const) }],
  );
  const title = 'Class-agnostic box AP, seed by seed';
  return h(LinePlot, { title, xLabel: 'seed', yLabel: 'percent', lines });
}

function lossPlots(runs: readonly ArmRun[]): readonly JSX.Element[] {
  const plots = [
    ['Loss of the labelers', 'labeler'],
    ['Loss of the warmups', 'warmup'],
    ['Loss of finetuning', 'finetune/'],
  ] as const;
  return plots.map(([title, stage]) =>
    h(LinePlot, { key: title, title, xLabel: 'iteration', yLabel: 'loss', lines: lossLines(runs, stage) }),
  );
}

/** A shared training is drawn once, under the first arm that has it. */
function lossLines(runs: readonly ArmRun[], wanted: string): readonly PlotLine[] {
  const seen = new Set<string>();
  return runs.flatMap(({ arm, trainings }) =>
    trainings.flatMap(({ stage, training }) => {
      const id = training.status?.id ?? '';
      if (!stage.startsWith(wanted) || seen.has(id)) return [];
      seen.add(id);
      const points = training.curve.flatMap(({ iteration, losses }) =>
        losses['total'] === undefined ? [] : [[iteration, losses['total']] as const],
      );
      return [{ name: arm, points }];
    }),
  );
}

function computeTable({ compute }: ExperimentJson): readonly (readonly string[])[] {
  return [
    ['', 'iterations', 'images seen', 'time in trainings'],
    ...Object.entries(compute).map(([arm, { iterations, images, seconds }]) => [
      arm,
      String(iterations),
      String(images),
      duration(seconds),
    ]),
  ];
}
