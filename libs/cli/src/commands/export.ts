import { basename, extname } from 'node:path';
import { Option, type Command } from 'commander';
import { thresholdFlag, wholeFlag } from '../flags/number-flag.ts';
import type { Container, Framework, RenameReport } from '@cassl/checkpoints';
import type { OnnxFlags } from '../weights/export-onnx.ts';
import { printSkipped } from '../weights/print-skipped.ts';

interface ExportFlags extends OnnxFlags {
  readonly for: Framework | 'onnx';
  readonly format?: Container;
  readonly backboneOnly: boolean;
  readonly pixels: 'rgb' | 'bgr';
  readonly pyramidFrom?: '2' | '3';
  readonly partial: boolean;
}

/** Frameworks whose names are worth writing; `cassl` only renames nothing. */
const TARGETS = [
  'detectron2',
  'adelaidet',
  'entity',
  'mmdet',
  'torchvision',
  'timm',
  'transformers',
  'swin',
  'msra',
  'cassl',
  'onnx',
];

/** `cassl export`: a checkpoint under another framework's names and layouts, ready for its own loader. */
export function register(program: Command): void {
  program
    .command('export')
    .description(
      'Write a checkpoint with the names and layouts of another framework, and beside it a note (JSON): ' +
        'the config that fits, what the network reads, what was left out, and Python that loads it. ' +
        '`--for onnx` writes a model that runs in onnxruntime instead.',
    )
    .argument('<checkpoint>', 'checkpoint file (`cassl pull` fetches one from the registry)')
    .addOption(new Option('--for <framework>', 'whose names').choices(TARGETS).makeOptionMandatory())
    .addOption(
      new Option('--format <format>', 'container; default: what the framework itself reads').choices([
        'safetensors',
        'pth',
        'pkl',
      ]),
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
    .option(
      '--config <config>',
      'onnx: the preset, or the YAML or JSON file of DetectorConfig fields, that it was made with',
    )
    .addOption(
      new Option(
        '--outputs <kind>',
        'onnx: detections = decoded and suppressed inside; raw = what the heads say about every cell',
      )
        .choices(['detections', 'raw'])
        .default('detections'),
    )
    .option('--no-masks', 'onnx: boxes only, of a mask model')
    .option('--threshold <score>', 'onnx: keep what scores above this; default: the config’s', thresholdFlag)
    .option(
      '--opset <version>',
      'onnx: version of the operators, for older runtimes; default: 26',
      wholeFlag(1),
    )
    .option('--out <file>', 'file to write; default: <checkpoint>.<framework>.<format> here')
    .option('--partial', 'tensors that the other framework has no place for may be left out', false)
    .option('--json', 'print one JSON object', false)
    .action(async (checkpoint: string, flags: ExportFlags) => {
      if (flags.for === 'onnx') {
        const { exportOnnx } = await import('../weights/export-onnx.ts');
        return exportOnnx(checkpoint, flags);
      }
      const outcome = await exportFile(checkpoint, { ...flags, for: flags.for });
      if (flags.json) console.log(JSON.stringify(outcome));
      else printOutcome(outcome);
      const leftOut = flags.backboneOnly ? 0 : outcome.skipped.length;
      if (leftOut > 0 && !flags.partial) {
        console.error(
          `cassl: ${leftOut} tensors were left out, named above; --partial says that this is meant`,
        );
        process.exitCode = 1;
      }
    });
}

interface ExportOutcome extends Pick<RenameReport, 'skipped' | 'added'> {
  readonly out: string;
  /** The file with the config, the input's order, mean and std, and Python that loads the weights. */
  readonly note: string;
  readonly framework: Framework;
  readonly container: Container;
  readonly scope: string;
  readonly tensors: number;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly notes: readonly string[];
}

async function exportFile(
  checkpoint: string,
  flags: ExportFlags & { readonly for: Framework },
): Promise<ExportOutcome> {
  const lib = await import('@cassl/checkpoints');
  const { tensors: state } = await lib.readCheckpoint(checkpoint);
  lib.checkFinite(state);
  const container = flags.format ?? lib.defaultContainer(flags.for);
  const name = basename(checkpoint, extname(checkpoint));
  const out = flags.out ?? `${name}.${flags.for}.${container}`;
  const { plan, notePath, sizeBytes, digest } = await lib.writeExport(out, state, {
    framework: flags.for,
    scope: flags.backboneOnly ? 'backbone' : undefined,
    container,
    firstLevel: flags.pyramidFrom === undefined ? undefined : Number(flags.pyramidFrom),
    pixels: flags.pixels,
  });
  return {
    out,
    note: notePath,
    framework: flags.for,
    container,
    scope: plan.scope,
    tensors: plan.tensors.size,
    sizeBytes,
    digest,
    added: plan.report.added,
    skipped: plan.report.skipped,
    notes: plan.note.notes,
  };
}

function printOutcome(outcome: ExportOutcome): void {
  const { out, note, framework, scope, tensors, added, skipped, sizeBytes, digest } = outcome;
  console.log(`${out}  ${digest}  ${sizeBytes} bytes`);
  console.log(
    `${tensors} tensors of a ${framework} ${scope}, ${added.length} of them buffers that it needs and we do not keep`,
  );
  printSkipped('left out', skipped);
  for (const line of outcome.notes) console.log(`note: ${line}`);
  console.log(`${note}  the config that fits, what the network reads, and Python that loads it`);
}
