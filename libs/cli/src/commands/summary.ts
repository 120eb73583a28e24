import type { Command } from 'commander';
import { wholeFlag } from '../flags/number-flag.ts';
import type { DetectorConfig, DetectorConfigInput, DetectorSummary } from '@cassl/detector';
import { invalidArgument } from '@cassl/errors';
import { readDetectorConfig } from '../weights/read-detector-config.ts';

interface SummaryFlags {
  readonly backbone?: string;
  readonly classes?: number;
  readonly masks?: boolean;
  readonly size?: { readonly height: number; readonly width: number };
  readonly json: boolean;
}

/** `cassl summary`: what a model weighs and costs, computed from its figure without building it. */
export function register(program: Command): void {
  program
    .command('summary')
    .description(
      'Print parameters per part, GFLOP of detecting in one image (a multiply and an add are two operations) and the activation ' +
        'memory of training on one. libs/detector/README.md says what is counted.',
    )
    .argument('[config]', 'a preset (condinst-r50, tiny, …), or a YAML or JSON file of DetectorConfig fields')
    .option('--backbone <name>', 'resnet18, 34, 50, 101 or swin-t, s, b, l')
    .option('--classes <count>', 'classes of the classifier', wholeFlag(1))
    .option('--masks', 'CondInst masks; without a config the default is boxes only')
    .option('--no-masks', 'boxes only (FCOS)')
    .option('--size <HxW>', 'size of the input in pixels; default: the config’s short side at 4:3', toSize)
    .option('--json', 'print one JSON object', false)
    .action(async (source: string | undefined, flags: SummaryFlags) => {
      const { summarizeDetector } = await import('@cassl/detector');
      const config = await readConfig(source, flags);
      const size = flags.size ?? {
        height: config.resizeShortSide,
        width: Math.round((config.resizeShortSide * 4) / 3),
      };
      const summary = summarizeDetector(config, size);
      const parameters = await countWithNorms(config, summary);
      if (flags.json) console.log(JSON.stringify(toJson(config, summary, parameters)));
      else printSummary(config, summary, parameters);
    });
}

/** Parameters as published counts have them, and how many of them are the constants of frozen batch norms. */
interface ParameterNumbers {
  readonly total: number;
  readonly parts: Readonly<Record<string, number>>;
  /** PyTorch keeps the gains and shifts of frozen norms as buffers: total - frozenNorms is what it counts then. */
  readonly frozenNorms: number;
}

async function countWithNorms(config: DetectorConfig, summary: DetectorSummary): Promise<ParameterNumbers> {
  const { countParameters } = await import('@cassl/detector');
  const { total, parts } =
    config.backboneNorm === 'frozen-batch'
      ? countParameters({ ...config, backboneNorm: 'batch', frozenStages: 0 })
      : summary.parameters;
  return { total, parts, frozenNorms: total - summary.parameters.total };
}

function readConfig(source: string | undefined, flags: SummaryFlags): Promise<DetectorConfig> {
  return readDetectorConfig(source, {
    ...(flags.backbone === undefined ? {} : { backbone: flags.backbone }),
    ...(flags.classes === undefined ? {} : { classes: flags.classes }),
    ...(flags.masks === undefined ? {} : { masks: flags.masks }),
  } as DetectorConfigInput);
}

function toSize(text: string): { height: number; width: number } {
  const match = /^(\d+)x(\d+)$/.exec(text);
  const [height, width] = [Number(match?.[1]), Number(match?.[2])];
  if (!(height > 0 && width > 0))
    throw invalidArgument(`--size must be HxW in pixels, for example 800x1067, got ${text}`);
  return { height, width };
}

function toJson(config: DetectorConfig, summary: DetectorSummary, parameters: ParameterNumbers): object {
  const { size, gflop, activationBytes } = summary;
  // Parameters are given once, with the norms: the summary's own count leaves frozen ones out.
  const parts = Object.fromEntries(
    Object.entries(summary.parts).map(([name, part]) => [
      name,
      { gflop: part.gflop, activationBytes: part.activationBytes },
    ]),
  );
  return { config, parameters, size, gflop, activationBytes, parts };
}

function printSummary(config: DetectorConfig, summary: DetectorSummary, parameters: ParameterNumbers): void {
  const kind = config.masks ? 'CondInst' : 'FCOS';
  const { height, width } = summary.size;
  console.log(
    `${kind} on ${config.backbone}, ${config.classes} class(es), ${height}x${width} px (padded), one image`,
  );
  console.log(
    `${'part'.padEnd(12)}${'parameters'.padStart(14)}${'GFLOP'.padStart(10)}${'activations'.padStart(14)}`,
  );
  const line = (name: string, count: number, gflop: number, bytes: number): void => {
    const mebibytes = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    console.log(
      name.padEnd(12) +
        count.toLocaleString('en').padStart(14) +
        gflop.toFixed(2).padStart(10) +
        mebibytes.padStart(14),
    );
  };
  for (const [name, part] of Object.entries(summary.parts)) {
    line(name, parameters.parts[name] ?? 0, part.gflop, part.activationBytes);
  }
  line('total', parameters.total, summary.gflop, summary.activationBytes);
  if (parameters.frozenNorms > 0) {
    const counted = (parameters.total - parameters.frozenNorms).toLocaleString('en');
    console.log(`${counted} without the gains and shifts of the frozen batch norms`);
  }
}
