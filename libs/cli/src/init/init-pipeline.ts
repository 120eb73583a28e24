import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { formatDropReport, openCocoDataset, type Dataset } from '@cassl/datasets';
import { detectorPreset, summarizeDetector } from '@cassl/detector';
import { diagnoseEngines, hasGpu } from '@cassl/engine';
import { alreadyExists, failedPrecondition } from '@cassl/errors';
import { writeOutput } from '../output/write-output.ts';
import { readPipelineFile } from '../pipeline/read-pipeline-file.ts';
import { dataStatistics } from './data-statistics.ts';
import { countImages, findData, type FoundData, type LabeledPart } from './find-data.ts';
import { pipelineText } from './pipeline-text.ts';
import { proposePipeline, type Machine } from './propose-pipeline.ts';

export interface InitFlags {
  readonly annotations?: string;
  readonly images?: string;
  readonly unlabeled?: string;
  readonly out: string;
  readonly name?: string;
  readonly minutes: number;
  readonly backbone?: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** Of one annotation file, what is kept to measure on. */
const VALIDATION_SHARE = 0.2;
/** Fewer objects than this in the median category, of many, and supercategories are proposed. */
const FEW_OBJECTS = 50;
const MANY_CATEGORIES = 20;

/** Writes a pipeline file for a folder of photos and says what was found. */
export async function initPipeline(folder: string, flags: InitFlags): Promise<void> {
  if (!flags.force && (await exists(flags.out))) {
    throw alreadyExists(`${flags.out} exists: --force writes it anew, --out names another`);
  }
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const found = await findData(folder, flags);
  say(`labels of ${found.labeled.annotations}, images of ${found.labeled.images}`);
  const labeled = await openPart(found.labeled);
  if (labeled.images.length < 2 || labeled.images.every(({ instances }) => instances.length === 0)) {
    throw failedPrecondition(
      `${found.labeled.annotations}: nothing to learn from\n${formatDropReport(labeled.report)}`,
    );
  }
  const kept =
    found.validation === undefined ? Math.max(1, Math.round(labeled.images.length * VALIDATION_SHARE)) : 0;
  const training = { ...labeled, images: labeled.images.slice(0, labeled.images.length - kept) };
  const labels = await chooseLabels(found, training);
  const unlabeled = await countImages(found.unlabeled);
  say(`${unlabeled} images without labels in ${found.unlabeled}; measuring this machine…`);
  const statistics = dataStatistics(training);
  const proposed = proposePipeline({
    statistics,
    unlabeled,
    machine: await measureMachine(),
    minutes: flags.minutes,
    hasBackbone: flags.backbone !== undefined,
    gflopOf: (preset, size) => summarizeDetector(detectorPreset(preset), size).gflop,
  });
  const name = flags.name ?? nameOf(folder);
  const notes = notesOf(labeled);
  const text = pipelineText({
    name,
    file: flags.out,
    found,
    statistics,
    unlabeled,
    proposed,
    labels,
    kept,
    notes,
    backbone: flags.backbone,
  });
  await writeOutput(flags.out, text);
  // What is written is read again as `cassl run` will read it.
  await readPipelineFile(flags.out, []);
  if (flags.json) console.log(JSON.stringify({ file: flags.out, name, found, statistics, proposed }));
  else console.log(text);
  say(`wrote ${flags.out}; next: cassl run ${flags.out} --out out/${name} --check`);
}

function openPart({ annotations, images }: LabeledPart, labels?: 'supercategory'): Promise<Dataset> {
  return openCocoDataset({ annotations, images, kind: 'instances', labels, check: 'headers' });
}

async function chooseLabels({ labeled }: FoundData, fine: Dataset): Promise<'category' | 'supercategory'> {
  const counts = fine.categories.map(({ index }) =>
    fine.images.reduce(
      (sum, { instances }) => sum + instances.filter(({ category }) => category === index).length,
      0,
    ),
  );
  const median = counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0;
  if (counts.length < MANY_CATEGORIES || median >= FEW_OBJECTS) return 'category';
  const coarse = await openPart(labeled, 'supercategory').catch(() => undefined);
  const fewer = coarse?.categories.length ?? counts.length;
  return fewer > 1 && fewer < counts.length ? 'supercategory' : 'category';
}

async function measureMachine(): Promise<Machine> {
  const engines = await diagnoseEngines();
  const best = engines.find(({ usable }) => usable);
  return {
    hasGpu: hasGpu() && best?.device?.startsWith('cuda') === true,
    gflops: Math.max(1, best?.trainingGflops ?? 1),
  };
}

function notesOf({ report }: Dataset): string[] {
  return report.reasons.map(
    ({ outcome, what, reason, count }) => `${outcome} ${count} ${what}${count === 1 ? '' : 's'}: ${reason}`,
  );
}

/** Aliases start with it: 1 to 64 of [a-z0-9-]. */
function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
  return name === '' ? 'photos' : name;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
