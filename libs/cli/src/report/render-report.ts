import {
  LabelerServiceDefinition,
  type Pipeline,
  type TrainerServiceDefinition,
  type Training,
} from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { barChart } from './bar-chart.ts';
import { collectDrawings, type DrawingRow } from './collect-drawings.ts';
import { escapeHtml, lineChart, type Series } from './line-chart.ts';
import type { ReportJson } from './report-json.ts';
import { REPORT_STYLE } from './report-style.ts';
import { ARM_COLUMNS, ARM_TITLES, formatAggregate, formatPercent } from './report-table.ts';
import { duration } from '../output/duration.ts';

export interface RenderReportOptions {
  readonly pipeline: Pipeline;
  readonly report: ReportJson;
  readonly trainings: RpcClient<typeof TrainerServiceDefinition>;
  /** `host:port` of the labeler, which knows the label files. */
  readonly labelerAddress: string;
}

/** The report as one HTML file without outside assets. */
export async function renderReport(options: RenderReportOptions): Promise<string> {
  const { pipeline, report } = options;
  const curves = await readCurves(options);
  const drawings = await collectDrawings(pipeline, await readLabelUris(options));
  const images = pipeline.stages.find(({ name }) => name === 'labeling')?.status?.progress?.total ?? 0;
  const seconds = Object.values(report.timings).reduce((sum, value) => sum + value, 0);
  const body = [
    `<h1>${escapeHtml(report.name)}</h1>`,
    `<p class="lead">Class-agnostic semi-supervised learning in three stages · ${escapeHtml(report.engine)} · ${duration(seconds)} · <code>${escapeHtml(report.id)}</code></p>`,
    tiles(report, images),
    `<h2>Same finetuning budget, with and without warmup</h2>`,
    `<div class="card wide">${table(report)}</div>`,
    `<h2>Curves</h2><div class="charts">${apChart(report)}${curves}</div>`,
    rows(
      'Validation images',
      'Detections with a score above 0.30, the best class of each object.',
      drawings.validation,
      560,
    ),
    rows(
      'Unlabeled images',
      'What the pseudo labeler found and the warmup learned from.',
      drawings.unlabeled,
      420,
    ),
    unusedData(report),
    `<h2>Time</h2><div class="card wide">${timings(report)}</div>`,
    `<footer>Numbers are COCO's, in percent. ${escapeHtml(checkpoints(report))}</footer>`,
  ].join('\n');
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(report.name)} · cassl</title><style>${REPORT_STYLE}</style></head><body><main>\n${body}\n</main></body></html>\n`;
}

function unusedData({ unused = {} }: ReportJson): string {
  const stages = Object.entries(unused);
  if (stages.length === 0) return '';
  const cards = stages.map(
    ([name, lines]) =>
      `<div class="card wide"><b>${escapeHtml(name)}</b><pre>${escapeHtml(lines.join('\n'))}</pre></div>`,
  );
  return `<h2>Data that was not used as it is</h2>${cards.join('')}`;
}

function tiles({ arms, labeler, pseudoLabels }: ReportJson, images: number): string {
  const gain = (metric: string): string => {
    const [warm, cold] = [arms.warmup?.[metric], arms.scratch?.[metric]];
    if (warm === undefined || cold === undefined) return '–';
    const points = 100 * (warm.mean - cold.mean);
    return `${points >= 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`;
  };
  const entries = [
    [gain('boxAPAgnostic'), 'points of class-agnostic box AP by warmup'],
    [gain('boxAP'), 'points of box AP by warmup'],
    [formatPercent(labeler.boxAPAgnostic), 'class-agnostic box AP of the labeler'],
    [
      pseudoLabels.precision === undefined
        ? String(images)
        : `${formatPercent(pseudoLabels.precision)} / ${formatPercent(pseudoLabels.recall)}`,
      pseudoLabels.precision === undefined
        ? 'unlabeled images, truth unknown'
        : `precision / recall of pseudo labels above ${(pseudoLabels.threshold ?? 0).toFixed(2)}`,
    ],
  ];
  return `<div class="tiles">${entries
    .map(
      ([value = '', what = '']) =>
        `<div class="card tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(what)}</span></div>`,
    )
    .join('')}</div>`;
}

function table({ arms, labeler, warmup }: ReportJson): string {
  const head = ['', ...ARM_COLUMNS.map(([, title]) => title)].map((title) => `<th>${title}</th>`).join('');
  const armRows = Object.entries(arms).map(([name, metrics]) => {
    const cells = ARM_COLUMNS.map(([key]) => `<td>${formatAggregate(metrics[key])}</td>`).join('');
    return `<tr${name === 'warmup' ? ' class="best"' : ''}><td>${escapeHtml(ARM_TITLES[name] ?? name)}</td>${cells}</tr>`;
  });
  const agnosticRow = (title: string, values: Readonly<Record<string, number>>): string =>
    `<tr><td>${title}</td>${ARM_COLUMNS.map(([key]) => `<td>${key === 'boxAPAgnostic' ? formatPercent(values.boxAPAgnostic) : ''}</td>`).join('')}</tr>`;
  return `<table><thead><tr>${head}</tr></thead><tbody>${armRows.join('')}${agnosticRow('pseudo labeler', labeler)}${agnosticRow('warmed-up model', warmup)}</tbody></table>`;
}

function apChart({ arms }: ReportJson): string {
  return barChart({
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

async function readCurves({ pipeline, trainings }: RenderReportOptions): Promise<string> {
  const jobs = await Promise.all(
    pipeline.stages
      .filter(({ service }) => service === 'trainer')
      .map(async ({ name, jobId }) => ({
        name,
        training: (await trainings.getTraining({ id: jobId })).training,
      })),
  );
  const series = (names: (name: string) => boolean, loss: string): Series[] =>
    jobs
      .filter(({ name }) => names(name))
      .map(({ name, training }) => ({
        name: name.replace(/^finetune\//, ''),
        points: points(training, loss),
      }));
  const isFinetuning = (name: string): boolean => name.startsWith('finetune/');
  return [
    lineChart({
      title: 'Loss of the class-agnostic stages',
      xLabel: 'iteration',
      yLabel: 'loss',
      series: series((name) => !isFinetuning(name), 'total'),
    }),
    lineChart({
      title: 'Loss of finetuning',
      xLabel: 'iteration',
      yLabel: 'loss',
      series: series(isFinetuning, 'total'),
    }),
    lineChart({
      title: 'Classification loss of finetuning',
      xLabel: 'iteration',
      yLabel: 'loss',
      series: series(isFinetuning, 'cls'),
    }),
  ].join('');
}

function points(training: Training | undefined, loss: string): [number, number][] {
  return (training?.curve ?? []).flatMap(({ iteration, losses }) => {
    const value = losses[loss];
    return value === undefined ? [] : [[iteration, value] as [number, number]];
  });
}

async function readLabelUris({ pipeline, labelerAddress }: RenderReportOptions): Promise<readonly string[]> {
  const stage = pipeline.stages.find(({ name }) => name === 'labeling');
  if (stage === undefined) return [];
  const labeler = createClient(LabelerServiceDefinition, labelerAddress);
  try {
    const { labeling } = await labeler.getLabeling({ id: stage.jobId });
    return labeling?.labelSetUri ? [labeling.labelSetUri] : [];
  } finally {
    labeler.close();
  }
}

function rows(title: string, what: string, list: readonly DrawingRow[], width: number): string {
  if (list.length === 0) return '';
  const cards = list.map(({ title: name, panels }) => {
    const figures = panels.map(
      ({ caption, picture }) =>
        `<figure><img src="${picture}" alt="${escapeHtml(`${name}: ${caption}`)}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
    );
    return `<div class="row"><h3>${escapeHtml(name)}</h3><div class="panels">${figures.join('')}</div></div>`;
  });
  return `<h2>${title}</h2><p class="lead">${what}</p><div class="rows" style="--row:${width}px">${cards.join('')}</div>`;
}

function timings({ timings: byStage }: ReportJson): string {
  const lines = Object.entries(byStage).map(
    ([name, seconds]) => `<tr><td>${escapeHtml(name)}</td><td>${duration(seconds)}</td></tr>`,
  );
  return `<table><thead><tr><th>stage</th><th>time</th></tr></thead><tbody>${lines.join('')}</tbody></table>`;
}

function checkpoints({ checkpoints: byArm }: ReportJson): string {
  const list = Object.entries(byArm).map(
    ([arm, digests]) => `${arm} ${digests.map((digest) => digest.slice(0, 12)).join(', ')}`,
  );
  return `Checkpoints: ${list.join('; ')}.`;
}
