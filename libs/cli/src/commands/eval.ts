import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { toJson } from '@cassl/coco';
import { invalidArgument } from '@cassl/errors';
import { writeOutput } from '../output/write-output.ts';
import type {
  CocoSummary,
  EvaluationReport,
  NamedPlot,
  PanopticCategoryNumbers,
  PanopticNumbers,
  ReportTable,
} from '@cassl/metrics';

type EvalType = 'bbox' | 'segm' | 'keypoints' | 'panoptic' | 'entity';

interface EvalFlags {
  readonly gt: string;
  readonly results: string;
  readonly type: EvalType;
  readonly gtDir?: string;
  readonly resultsDir?: string;
  readonly classAgnostic: boolean;
  readonly area: 'mask' | 'box';
  readonly svg?: string;
  readonly report?: string;
  readonly json: boolean;
}

/** What one evaluation prints and draws, whatever its type. */
interface EvalOutcome {
  /** The object of `--json`. */
  readonly json: Record<string, unknown>;
  readonly tables: readonly ReportTable[];
  readonly plots: readonly NamedPlot[];
  readonly warnings: readonly string[];
}

/** `cassl eval`: scores results files without any service. Standard output holds the numbers and nothing else. */
export function register(program: Command): void {
  program
    .command('eval')
    .description(
      'Score COCO results against a ground truth: AP and AR as pycocotools prints them, PQ, entity AP.',
    )
    .requiredOption('--gt <file>', 'ground truth: COCO instances, keypoints, entities or panoptic JSON')
    .requiredOption('--results <file>', 'COCO results JSON (panoptic: the predicted panoptic JSON)')
    .addOption(
      new Option('--type <type>', 'what to compare')
        .choices(['bbox', 'segm', 'keypoints', 'panoptic', 'entity'])
        .default('bbox'),
    )
    .option('--gt-dir <dir>', "panoptic: folder of the ground truth's PNG files")
    .option('--results-dir <dir>', "panoptic: folder of the results' PNG files")
    .option('--class-agnostic', 'collapse all categories into one (100 detections per image in all)', false)
    .addOption(
      new Option(
        '--area <what>',
        "entity: what makes an entity small or large; 'box' is the paper code's convention",
      )
        .choices(['mask', 'box'])
        .default('mask'),
    )
    .option('--svg <dir>', 'write the plots (precision/recall, errors by cause) as SVG into this folder')
    .option('--report <file>', 'write numbers and plots as one HTML page')
    .option('--json', 'print one JSON object with full precision', false)
    .action(async (flags: EvalFlags) => {
      const outcome = await evaluate(flags);
      for (const warning of outcome.warnings) console.error(`warning: ${warning}`);
      if (flags.svg !== undefined) await writePlots(flags.svg, outcome.plots);
      if (flags.report !== undefined) await writeReport(flags.report, flags, outcome);
      if (flags.json) console.log(toJson(outcome.json));
      else outcome.tables.forEach((table) => console.log(formatTable(table)));
    });
}

async function evaluate(flags: EvalFlags): Promise<EvalOutcome> {
  if (flags.type !== 'panoptic' && (flags.gtDir ?? flags.resultsDir) !== undefined) {
    throw invalidArgument(`--gt-dir and --results-dir belong to --type panoptic, not ${flags.type}`);
  }
  if (flags.classAgnostic && flags.type === 'panoptic') {
    throw invalidArgument('--class-agnostic belongs to --type bbox, segm and keypoints, not panoptic');
  }
  switch (flags.type) {
    case 'panoptic':
      return evaluatePanoptic(flags);
    case 'entity':
      return evaluateEntities(flags);
    case 'bbox':
    case 'segm':
    case 'keypoints':
      return evaluateCoco(flags, flags.type);
  }
}

async function evaluateCoco(flags: EvalFlags, type: 'bbox' | 'segm' | 'keypoints'): Promise<EvalOutcome> {
  const { evaluateCocoFiles, summaryPlots } = await import('@cassl/metrics');
  const { summary, warnings } = await evaluateCocoFiles({
    type,
    groundTruth: flags.gt,
    results: flags.results,
    classAgnostic: flags.classAgnostic,
    errorBreakdown: wantsPlots(flags),
  });
  return {
    json: { type, classAgnostic: flags.classAgnostic, images: summary.images, ...cocoJson(summary) },
    tables: cocoTables(flags.classAgnostic ? `${type}, class-agnostic` : type, summary),
    plots: wantsPlots(flags) ? summaryPlots(type, summary) : [],
    warnings,
  };
}

async function evaluateEntities(flags: EvalFlags): Promise<EvalOutcome> {
  const { evaluateEntityFiles, summaryPlots } = await import('@cassl/metrics');
  const { summary, warnings } = await evaluateEntityFiles({
    groundTruth: flags.gt,
    results: flags.results,
    area: flags.area,
    errorBreakdown: wantsPlots(flags),
  });
  const { bbox, segm } = summary;
  const plots = (['bbox', 'segm'] as const).flatMap((type) =>
    summaryPlots(`entities, ${type}`, summary[type]).map(({ name, svg }) => ({
      name: `${type}-${name}`,
      svg,
    })),
  );
  return {
    // The keys at the top are those of the masks.
    json: {
      type: 'entity',
      area: flags.area,
      images: segm.images,
      ...cocoJson(segm),
      bbox: bbox.numbers,
      segm: segm.numbers,
    },
    tables: [...cocoTables('entity masks', segm), ...cocoTables('entity boxes', bbox)],
    plots: wantsPlots(flags) ? plots : [],
    warnings,
  };
}

async function evaluatePanoptic(flags: EvalFlags): Promise<EvalOutcome> {
  if (flags.gtDir === undefined || flags.resultsDir === undefined) {
    throw invalidArgument('--type panoptic needs --gt-dir and --results-dir, the folders of the PNG files');
  }
  const { evaluatePanopticFiles } = await import('@cassl/metrics');
  const { images, all, things, stuff, perCategory } = await evaluatePanopticFiles({
    groundTruth: flags.gt,
    groundTruthFolder: flags.gtDir,
    results: flags.results,
    resultsFolder: flags.resultsDir,
  });
  const row = (name: string, { PQ, SQ, RQ }: PanopticNumbers): (string | number | null)[] => [
    name,
    PQ,
    SQ,
    RQ,
  ];
  return {
    json: { type: 'panoptic', images, ...all, things, stuff, perCategory },
    tables: [
      {
        title: 'panoptic',
        columns: ['', 'PQ', 'SQ', 'RQ'],
        rows: [row('all', all), row('things', things), row('stuff', stuff)],
      },
      {
        title: 'per category',
        columns: ['category', 'PQ', 'SQ', 'RQ', 'found', 'false', 'missed'],
        rows: perCategory
          .filter(({ PQ }) => PQ !== null)
          .map((entry: PanopticCategoryNumbers) => [...row(entry.name, entry), entry.tp, entry.fp, entry.fn]),
      },
    ],
    plots: [],
    warnings: [],
  };
}

function wantsPlots(flags: EvalFlags): boolean {
  return flags.svg !== undefined || flags.report !== undefined;
}

function cocoJson({ numbers, perCategory, errors }: CocoSummary): Record<string, unknown> {
  return { ...numbers, perCategory, ...(errors === undefined ? {} : { errors }) };
}

function cocoTables(title: string, { numbers, perCategory }: CocoSummary): ReportTable[] {
  const columns = Object.keys(numbers);
  const tables: ReportTable[] = [{ title, columns, rows: [Object.values(numbers) as (number | null)[]] }];
  if (perCategory.length > 1) {
    tables.push({
      title: `${title} per category`,
      columns: ['category', ...columns],
      rows: perCategory.map((entry) => [
        entry.name,
        ...columns.map((column) => (entry as unknown as Record<string, number | null>)[column] ?? null),
      ]),
    });
  }
  return tables;
}

async function writePlots(folder: string, plots: readonly NamedPlot[]): Promise<void> {
  if (plots.length === 0) throw invalidArgument('--svg: a panoptic evaluation has no plots');
  for (const { name, svg } of plots) await writeOutput(join(folder, `${name}.svg`), svg);
}

async function writeReport(path: string, flags: EvalFlags, outcome: EvalOutcome): Promise<void> {
  const { evaluationReport } = await import('@cassl/metrics');
  const report: EvaluationReport = {
    title: `Evaluation: ${flags.type}${flags.classAgnostic ? ', class-agnostic' : ''}`,
    sources: [`ground truth: ${flags.gt}`, `results: ${flags.results}`],
    tables: outcome.tables,
    plots: outcome.plots.map(({ svg }) => svg),
  };
  await writeOutput(path, evaluationReport(report));
}

/** Columns as wide as their widest cell; numbers with three digits as everybody quotes them. */
function formatTable({ title, columns, rows }: ReportTable): string {
  const cells = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return `${title}\n${lines.join('\n')}\n`;
}

function formatCell(cell: string | number | null): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') return cell;
  return Number.isInteger(cell) && cell > 1 ? String(cell) : cell.toFixed(3);
}
