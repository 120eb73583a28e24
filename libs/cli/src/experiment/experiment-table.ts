import { table } from '../output/table.ts';
import type { ExperimentJson } from './experiment-json.ts';

/** Columns of tables, where an arm has them. */
const EXPERIMENT_COLUMNS = [
  ['boxAP', 'box AP'],
  ['boxAP50', 'box AP50'],
  ['boxAPAgnostic', 'agnostic box AP'],
  ['maskAP', 'mask AP'],
  ['maskAPAgnostic', 'agnostic mask AP'],
  ['PQ', 'PQ'],
  ['PQThings', 'PQ of things'],
  ['PQStuff', 'PQ of stuff'],
  ['warmup.boxAPAgnostic', 'warmed-up, agnostic'],
  ['labeler.boxAPAgnostic', 'labeler, agnostic'],
  ['labels.precision', 'label precision'],
  ['labels.recall', 'label recall'],
] as const;

/** Rows of text: a header, then the arms. Columns that no arm has are left out. */
export function armTable({ summary, seeds }: ExperimentJson): readonly (readonly string[])[] {
  const shown = EXPERIMENT_COLUMNS.filter(([key]) =>
    Object.values(summary).some((metrics) => metrics[key] !== undefined),
  );
  const cell = (value: { mean: number; std: number } | undefined): string => {
    if (value === undefined) return '–';
    return seeds.length > 1 ? `${percent(value.mean)} ± ${percent(value.std)}` : percent(value.mean);
  };
  return [
    ['', ...shown.map(([, title]) => title)],
    ...Object.entries(summary).map(([arm, metrics]) => [arm, ...shown.map(([key]) => cell(metrics[key]))]),
  ];
}

/** Rows of text: a header, then the statements. */
export function statementTable({
  statements,
  difference,
  interval,
}: ExperimentJson): readonly (readonly string[])[] {
  return [
    ['', 'left minus right', '95 % interval', 'verdict'],
    ...Object.entries(statements).map(([name, { says, verdict }]) => {
      const range = interval[name];
      return [
        name === says ? name : `${name}: ${says}`,
        signed(difference[name] ?? 0),
        range === undefined ? '–' : `${signed(range[0])} … ${signed(range[1])}`,
        verdict,
      ];
    }),
  ];
}

/** For a terminal. */
export function formatExperiment(json: ExperimentJson): string {
  const missing = json.missingSeeds.length === 0 ? '' : `, without ${json.missingSeeds.join(', ')} so far`;
  const { trainings, iterations, seconds } = json.trained;
  return [
    json.claim,
    '',
    table(armTable(json)),
    '',
    table(statementTable(json)),
    '',
    `${json.verdict}, over seeds ${json.seeds.join(', ') || 'none'}${missing}`,
    `${trainings} trainings, ${iterations} iterations, ${(seconds / 60).toFixed(1)} minutes in trainings`,
  ].join('\n');
}

/** Percent with one digit. */
function percent(value: number): string {
  return (100 * value).toFixed(1);
}

/** Percent with one digit and its sign. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${(100 * Math.abs(value)).toFixed(1)}`;
}
