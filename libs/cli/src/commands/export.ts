import { basename, extname } from 'node:path';
import { Option, type Command } from 'commander';
import type { Framework, RenameReport } from '@cassl/checkpoints';
import { printSkipped } from '../weights/print-skipped.ts';

interface ExportFlags {
  readonly for: Framework;
  readonly format: 'safetensors' | 'pth';
  readonly backboneOnly: boolean;
  readonly pixels: 'rgb' | 'bgr';
  readonly pyramidFrom?: '2' | '3';
  readonly out?: string;
  readonly json: boolean;
}

/** Frameworks whose names are worth writing; `cassl` only renames nothing. */
const TARGETS = [
  'detectron2',
  'adelaidet',
  'entity',
  'mmdet',
  'torchvision',
  'timm',
  'swin',
  'msra',
  'cassl',
];

/** `cassl export`: a checkpoint under another framework's names and layouts, ready for its own loader. */
export function register(program: Command): void {
  program
    .command('export')
    .description('Write a checkpoint with the names and layouts of another framework.')
    .argument('<checkpoint>', 'checkpoint file (`cassl pull` fetches one from the registry)')
    .addOption(new Option('--for <framework>', 'whose names').choices(TARGETS).makeOptionMandatory())
    .addOption(
      new Option('--format <format>', 'container').choices(['safetensors', 'pth']).default('safetensors'),
    )
    .option('--backbone-only', 'only the backbone, under the names of classification models', false)
    .addOption(
      new Option(
        '--pixels <order>',
        'what the written network reads: rgb = ImageNet mean and std as ours; bgr = detectron2’s mean-subtracted BGR',
      )
        .choices(['rgb', 'bgr'])
        .default('rgb'),
    )
    .addOption(
      new Option(
        '--pyramid-from <level>',
        'first level of the pyramid that will load it, for torchvision and mmdet, which number from it: 2 for a Mask R-CNN; default: as in the checkpoint',
      ).choices(['2', '3']),
    )
    .option('--out <file>', 'file to write; default: <checkpoint>.<framework>.<format> here')
    .option('--json', 'print one JSON object', false)
    .action(async (checkpoint: string, flags: ExportFlags) => {
      const outcome = await exportFile(checkpoint, flags);
      if (flags.json) console.log(JSON.stringify(outcome));
      else printOutcome(outcome);
    });
}

interface ExportOutcome extends Pick<RenameReport, 'skipped' | 'added'> {
  readonly out: string;
  readonly framework: Framework;
  readonly scope: string;
  readonly tensors: number;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly notes: readonly string[];
}

async function exportFile(checkpoint: string, flags: ExportFlags): Promise<ExportOutcome> {
  const lib = await import('@cassl/checkpoints');
  const read = (await lib.readCheckpoint(checkpoint)).tensors;
  lib.checkFinite(read);
  const state = flags.pixels === 'rgb' ? read : lib.convertInput(read, lib.IMAGENET_RGB, lib.MSRA_BGR);
  const scope = flags.backboneOnly ? 'backbone' : lib.defaultScope(flags.for);
  const { tensors, report } = lib.exportWeights(
    state,
    flags.for,
    scope,
    flags.pyramidFrom === undefined ? undefined : Number(flags.pyramidFrom),
  );
  const name = basename(checkpoint, extname(checkpoint));
  const out = flags.out ?? `${name}.${flags.for}.${flags.format}`;
  // The official Swin code looks for the weights under this key.
  const wrap = flags.for === 'swin' ? 'model' : undefined;
  const written = await (flags.format === 'pth'
    ? lib.writePth(out, tensors, { wrap })
    : lib.writeSafetensors(out, tensors));
  const notes = lib.exportNotes(flags.for, { scope, tensors, pixels: flags.pixels });
  return {
    out,
    framework: flags.for,
    scope,
    tensors: tensors.size,
    ...written,
    added: report.added,
    skipped: report.skipped,
    notes,
  };
}

function printOutcome(outcome: ExportOutcome): void {
  const { out, framework, scope, tensors, added, skipped, sizeBytes, digest } = outcome;
  console.log(`${out}  ${digest}  ${sizeBytes} bytes`);
  console.log(
    `${tensors} tensors of a ${framework} ${scope}, ${added.length} of them buffers that it needs and we do not keep`,
  );
  printSkipped('left out', skipped);
  for (const note of outcome.notes) console.log(`note: ${note}`);
}
