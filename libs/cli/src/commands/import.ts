import { basename, extname } from 'node:path';
import { Option, type Command } from 'commander';
import type { Framework, ImportedWeights, MatchReport, resizeBiasTable, StateDict } from '@cassl/checkpoints';
import { invalidArgument } from '@cassl/errors';
import { printSkipped, someOf } from '../weights/print-skipped.ts';

interface ImportFlags {
  readonly as: string;
  readonly out?: string;
  readonly from?: Framework;
  readonly key?: string;
  readonly prefix?: string;
  readonly pixels: 'rgb' | 'bgr';
  readonly partial: boolean;
  readonly json: boolean;
}

/** `cassl import`: another framework's weights as a checkpoint of ours. */
export function register(program: Command): void {
  program
    .command('import')
    .description(
      'Read weights of torchvision, timm, transformers, detectron2, AdelaiDet, mmdetection, Swin or MSRA (safetensors, .pth, .pkl) ' +
        'and write them under our names. Pickles are read as data, never run; what trainers wrap around a model is taken off.',
    )
    .argument('<file>', 'the weights: a file, a folder of them, or the index (.json) of shards')
    .requiredOption(
      '--as <model>',
      'what they are: a backbone (resnet50, swin-t, …) or a preset (condinst-r50, …)',
    )
    .option('--out <file>', 'safetensors file to write; default: <file>.<model>.safetensors here')
    .option('--from <framework>', 'whose names the file has; default: the one that fits most tensors')
    .option('--key <key>', 'which dict of a PyTorch file, for example ema.module; default: the usual ones')
    .option(
      '--prefix <prefix>',
      'what stands before the names of the model, for example trunk.; default: the usual wrappers',
    )
    .addOption(
      new Option(
        '--pixels <order>',
        'what the file’s network reads: rgb = ImageNet mean and std; bgr = detectron2’s mean-subtracted BGR, which is converted',
      )
        .choices(['rgb', 'bgr'])
        .default('rgb'),
    )
    .option('--partial', 'accept a file that lacks tensors of the model', false)
    .option('--json', 'print one JSON object', false)
    .action(async (file: string, flags: ImportFlags) => {
      const outcome = await importFile(file, flags);
      if (flags.json) console.log(JSON.stringify(outcome));
      else printOutcome(outcome);
    });
}

interface ImportOutcome extends MatchReport {
  readonly out: string;
  readonly as: string;
  readonly framework: Framework;
  /** Where in a PyTorch file they were, and what stood before the names. */
  readonly key: string;
  readonly prefix: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly resized: readonly string[];
  readonly notes: readonly string[];
}

async function importFile(file: string, flags: ImportFlags): Promise<ImportOutcome> {
  const lib = await import('@cassl/checkpoints');
  if (flags.from !== undefined && !lib.FRAMEWORKS.includes(flags.from)) {
    throw invalidArgument(`--from must be one of ${lib.FRAMEWORKS.join(', ')}, got ${flags.from}`);
  }
  const { tensors: raw, key, otherKeys } = await lib.readCheckpoint(file, flags.key);
  const imported = await lib.namingFile(basename(file), async () => {
    lib.checkFinite(raw);
    return Promise.resolve(lib.importWeights(raw, { framework: flags.from, prefix: flags.prefix }));
  });
  const state =
    flags.pixels === 'bgr'
      ? lib.convertInput(imported.tensors, lib.MSRA_BGR, lib.IMAGENET_RGB)
      : imported.tensors;
  const model = await shapesOf(flags.as, state);
  const { state: fitted, resized } = resizeTables(state, model, lib.resizeBiasTable);
  const { tensors, report } = lib.matchState(fitted, model);
  if (!flags.partial) lib.requireMatch(withoutNewNorms(report), flags.as, ' (--partial accepts that)');
  if (tensors.size === 0) throw invalidArgument(`${file} has no tensor of ${flags.as}`);
  const metadata = { format: 'pt', architecture: flags.as, source: imported.framework };
  const out = flags.out ?? `${basename(file, extname(file))}.${flags.as}.safetensors`;
  const written = await lib.writeSafetensors(out, tensors, metadata);
  return {
    out,
    as: flags.as,
    framework: imported.framework,
    key,
    prefix: imported.prefix,
    ...written,
    resized,
    notes: [
      ...lib.importNotes(imported.framework, { tensors, pixels: flags.pixels }),
      ...otherKeys.map((other) => `there are tensors under ${other || 'the root'} too: --key takes those`),
    ],
    ...joinReports(report, imported),
  };
}

/** Names and shapes of a backbone, or of a whole preset with the file's number of classes. */
async function shapesOf(as: string, state: StateDict): Promise<Map<string, readonly number[]>> {
  const { BACKBONES, DETECTOR_PRESETS, detectorPreset, listParameters, parseDetectorConfig } =
    await import('@cassl/detector');
  const backbones = BACKBONES.filter((name) => !name.endsWith('-small'));
  const isBackbone = (backbones as readonly string[]).includes(as);
  if (!isBackbone && !(DETECTOR_PRESETS as readonly string[]).includes(as)) {
    throw invalidArgument(`--as must be one of ${[...backbones, ...DETECTOR_PRESETS].join(', ')}, got ${as}`);
  }
  const classes = state.get('proposal_generator.fcos_head.cls_logits.bias')?.shape[0] ?? 1;
  const config = isBackbone
    ? parseDetectorConfig({ backbone: as, masks: false })
    : detectorPreset(as, { classes });
  const shapes = [...listParameters(config)].map(([name, { shape }]) => [name, shape] as const);
  return new Map(shapes.filter(([name]) => !isBackbone || name.startsWith('backbone.bottom_up.')));
}

/** Swin weights of another window: their bias tables are resized. */
function resizeTables(
  state: StateDict,
  model: ReadonlyMap<string, readonly number[]>,
  resize: typeof resizeBiasTable,
): { state: StateDict; resized: string[] } {
  const fitted: StateDict = new Map(state);
  const resized: string[] = [];
  for (const [name, table] of state) {
    const rows = model.get(name)?.[0];
    if (!name.endsWith('relative_position_bias_table') || rows === undefined || rows === table.shape[0])
      continue;
    fitted.set(name, resize(table, (Math.sqrt(rows) + 1) / 2, name));
    resized.push(name);
  }
  return { state: fitted, resized };
}

/** A detection Swin's output norms are new: no ImageNet checkpoint has them, and none is asked for them. */
function withoutNewNorms(report: MatchReport): MatchReport {
  return {
    ...report,
    missing: report.missing.filter((name) => !/^backbone\.bottom_up\.norm\d\./.test(name)),
  };
}

function joinReports(match: MatchReport, imported: ImportedWeights): MatchReport {
  return { ...match, skipped: [...imported.report.skipped, ...match.skipped] };
}

function printOutcome({
  out,
  as,
  framework,
  key,
  prefix,
  digest,
  sizeBytes,
  matched,
  skipped,
  missing,
  resized,
  notes,
}: ImportOutcome): void {
  console.log(`${out}  ${digest}  ${sizeBytes} bytes`);
  const where = [key && ` under ${key}`, prefix && ` after ${prefix}`].join('');
  console.log(`${matched.length} tensors of ${as}, read by the names of ${framework}${where}`);
  if (resized.length > 0)
    console.log(`${resized.length} relative position tables resized to the model's window`);
  printSkipped('skipped', skipped);
  if (missing.length > 0)
    console.log(`missing ${missing.length}, which keep their start: ${someOf(missing)}`);
  for (const note of notes) console.log(`note: ${note}`);
}
