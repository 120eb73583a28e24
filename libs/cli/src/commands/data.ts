import { Option, type Command } from 'commander';
import type {
  CheckedPart,
  Dataset,
  DrawSheetOptions,
  ImageCheck,
  LabelKind,
  LabelSet,
} from '@cassl/datasets';
import { invalidArgument } from '@cassl/errors';
import { EXPORT_FORMATS } from '../flags/export-formats.ts';
import { thresholdFlag, wholeFlag } from '../flags/number-flag.ts';

/** `cassl data`: make, check, look at and hand on data sets. */
export function register(program: Command): void {
  const data = program.command('data').description('Make, check, look at and hand on data sets.');
  registerScenes(data);
  registerCheck(data);
  registerStatistics(data);
  registerAugment(data);
  registerExport(data);
}

interface ScenesFlags {
  readonly out: string;
  readonly labeled: number;
  readonly unlabeled: number;
  readonly val: number;
  readonly size: number;
  readonly seed: number;
  readonly json: boolean;
}

function registerScenes(data: Command): void {
  data
    .command('scenes')
    .description(
      'Make labeled, unlabeled and validation scenes in COCO layout; the same flags make the same bytes.',
    )
    .requiredOption('--out <dir>', 'folder to make (must be empty or hold the same scenes)')
    .option('--labeled <n>', 'images with labels', wholeFlag(), 100)
    .option('--unlabeled <n>', 'images whose labels are kept apart', wholeFlag(), 800)
    .option('--val <n>', 'validation images', wholeFlag(), 200)
    .option('--size <pixels>', 'side of the square images', wholeFlag(1), 128)
    .option('--seed <n>', 'another seed, other scenes', wholeFlag(), 0)
    .option('--json', 'print the result as JSON', false)
    .action(async (flags: ScenesFlags) => {
      const { generateScenes } = await import('@cassl/datasets');
      const { out, labeled, unlabeled, val, size, seed } = flags;
      const result = await generateScenes({ out, labeled, unlabeled, val, size, seed });
      if (flags.json) return console.log(JSON.stringify(result));
      const { images, instances } = result;
      console.log(
        `${result.reused ? 'found' : 'made'} ${images.labeled} labeled (${instances.labeled} things), ` +
          `${images.unlabeled} unlabeled and ${images.val} validation images in ${result.out}\n` +
          `digest sha256:${result.digest}`,
      );
    });
}

interface LabelFlags {
  readonly annotations?: string;
  readonly images?: string;
  readonly kind: LabelKind;
  readonly labels?: LabelSet;
  readonly json: boolean;
}

function withLabelFlags(command: Command): Command {
  return command
    .option('--annotations <file>', 'one COCO annotation file')
    .option('--images <dir>', 'its images')
    .option('--kind <kind>', 'instances, panoptic or entities', 'instances')
    .option('--labels <set>', 'category, supercategory or agnostic');
}

interface CheckFlags extends LabelFlags {
  readonly pictures?: string;
  readonly count: number;
}

function registerCheck(data: Command): void {
  withLabelFlags(
    data
      .command('check')
      .description(
        'Check every image and annotation and say what cannot be used and why; exit code 2 when nothing can.',
      )
      .argument(
        '[dir]',
        "a folder in COCO's layout, or as cassl init takes it; or name one part with --annotations and --images",
      ),
  )
    .option('--pictures <html>', 'write a page of images with their labels drawn on them')
    .option('--count <n>', 'images a part on that page', wholeFlag(1, 1000), 24)
    .option('--json', 'print the reports as JSON', false)
    .action(async (dir: string | undefined, flags: CheckFlags) => {
      const { formatDropReport, isUsable } = await import('@cassl/datasets');
      const { checkFolder } = await import('../data-check/check-folder.ts');
      const parts = dir === undefined ? [await checkOne(flags)] : await checkFolder(dir);
      const usable = parts.some(isUsable);
      if (flags.pictures !== undefined) {
        const { writeLabelPage } = await import('../data-check/write-label-page.ts');
        await writeLabelPage(flags.pictures, parts, {
          count: flags.count,
          folder: dir,
          images: flags.images,
        });
        console.error(`wrote ${flags.pictures}`);
      }
      if (flags.json) console.log(JSON.stringify({ usable, parts }));
      else {
        for (const { path, kind, report } of parts) {
          console.log(`${path} (${kind})\n${formatDropReport(report).replace(/^/gm, '  ')}\n`);
        }
        if (!usable) console.error('cassl: nothing in it can be used; mend what the report names');
      }
      if (!usable) process.exitCode = 2;
    });
}

function registerStatistics(data: Command): void {
  withLabelFlags(
    data
      .command('statistics')
      .description('Say how many objects images have, and how large, hidden and cut off they are.'),
  )
    .option('--json', 'print them as JSON', false)
    .action(async (flags: LabelFlags) => {
      const { labelStatistics } = await import('@cassl/datasets');
      const statistics = labelStatistics(await openLabels(flags, 'sizes'));
      if (flags.json) return console.log(JSON.stringify(statistics));
      const { images, objects, objectsPerImage, size, overlapping, cut, fill } = statistics;
      const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
      console.log(
        [
          `${images} images, ${objects} objects`,
          `objects an image: ${objectsPerImage.mean.toFixed(1)}, median ${objectsPerImage.median}, 90 % have at most ${objectsPerImage.p90}`,
          `size, as a share of the image's side: median ${percent(size.median)}, 80 % are between ${percent(size.p10)} and ${percent(size.p90)}`,
          `boxes that meet another: ${percent(overlapping)}; at the image's edge: ${percent(cut)}; of its box an object fills ${percent(fill)}`,
        ].join('\n'),
      );
    });
}

async function checkOne(flags: LabelFlags): Promise<CheckedPart> {
  const { report, digest } = await openLabels(flags, 'decode');
  return { path: flags.annotations ?? '', kind: flags.kind, report, digest };
}

async function openLabels(flags: LabelFlags, check: ImageCheck): Promise<Dataset> {
  const { openCocoDataset, labelKinds, labelSets } = await import('@cassl/datasets');
  const { annotations, images, kind, labels } = flags;
  if (annotations === undefined || images === undefined) {
    throw invalidArgument('give a folder, or --annotations FILE and --images DIR');
  }
  if (!labelKinds.includes(kind)) {
    throw invalidArgument(`--kind must be one of ${labelKinds.join(', ')}, got ${kind}`);
  }
  if (labels !== undefined && !labelSets.includes(labels)) {
    throw invalidArgument(`--labels must be one of ${labelSets.join(', ')}, got ${String(labels)}`);
  }
  return openCocoDataset({ annotations, images, kind, labels, check });
}

interface AugmentFlags extends LabelFlags {
  readonly sheet: string;
  readonly image: number;
  readonly size?: number;
  readonly seed: number;
}

function registerAugment(data: Command): void {
  withLabelFlags(
    data
      .command('augment')
      .description(
        'Draw a test sheet: one image under every augmentation operator and policy, with boxes and masks.',
      )
      .requiredOption('--sheet <png>', 'file to write'),
  )
    .option('--image <n>', 'which labeled image of the file to show, from 0', wholeFlag(), 0)
    .option(
      '--size <pixels>',
      'size given to the policies (default: the longer side of the image)',
      wholeFlag(1),
    )
    .option('--seed <n>', 'another seed, other random draws', wholeFlag(), 0)
    .action(async (flags: AugmentFlags) => {
      const { drawAugmentationSheet, sceneSamples } = await import('@cassl/datasets');
      const { writeOutput } = await import('../output/write-output.ts');
      const { seed, size } = flags;
      const samples =
        flags.annotations === undefined ? await sceneSamples(8, 192, seed) : await exampleSamples(flags);
      await writeOutput(flags.sheet, await drawAugmentationSheet({ samples, size, seed }));
      console.log(`wrote ${flags.sheet}`);
    });
}

async function exampleSamples(flags: AugmentFlags): Promise<DrawSheetOptions['samples']> {
  const { createSample, loadImage } = await import('@cassl/datasets');
  const { images } = await openLabels(flags, 'headers');
  const labeled = images.filter(({ instances }) => instances.some(({ crowd }) => !crowd));
  const first = flags.image;
  if (labeled[first] === undefined) {
    const count = labeled.length;
    throw invalidArgument(`--image must be below ${count}, the number of labeled images, got ${flags.image}`);
  }
  const shown = [...labeled.slice(first), ...labeled.slice(0, first)].slice(0, 8);
  return Promise.all(shown.map(async (image) => createSample(image, await loadImage(image))));
}

interface ExportFlags {
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly out: string;
  readonly threshold: number;
}

function registerExport(data: Command): void {
  data
    .command('export')
    .description('Write pseudo labels for another tool.')
    .argument('<labels...>', 'label files (.jsonl.gz), paths or addresses')
    .addOption(new Option('--format <format>', 'whose').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to write into')
    .option('--threshold <score>', 'keep scores strictly above', thresholdFlag, 0)
    .action(async (labels: string[], { format, out, threshold }: ExportFlags) => {
      const { exportLabels, readLabelRows, writeExport } = await import('@cassl/labels');
      const exported = exportLabels(readLabelRows(labels), { format, threshold });
      const { files, totals } = await writeExport(exported, out);
      const leftOut = totals.leftOut === 0 ? '' : `, ${totals.leftOut} labels without an area left out`;
      console.log(
        `wrote ${totals.labels} labels of ${totals.images} images to ${out} (${files} files${leftOut})`,
      );
    });
}
