/** One label worker on real photos, JPEG in, RLE out: what the host spends beside the forward pass, in processor time. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDetector, detectorPreset, fitImage, type PreparedImage } from '@cassl/detector';
import { detectionKernels, openEngine, type DetectionKernels } from '@cassl/engine';
import { decodeToFit, rleToString } from '@cassl/vision';

export interface WorkerMeasurement {
  readonly preset: string;
  readonly shortSide: number;
  readonly images: number;
  readonly masksPerImage: number;
  /** Milliseconds of one core an image, by stage. */
  readonly decodeMs: number;
  readonly placeMs: number;
  readonly selectMs: number;
  readonly pasteMs: number;
  readonly textMs: number;
  /** The sum of these. */
  readonly hostMsPerImage: number;
  /** Everything else: the network. */
  readonly forwardMs: number;
  /** Share of the processor time that is the network's: the worker's speed over the forward pass alone, where both keep all cores busy. */
  readonly ofForward: number;
}

export interface WorkerCase {
  readonly preset: string;
  readonly shortSide: number;
  readonly longSide: number;
  readonly images: number;
  readonly batch: number;
  /** Most masks an image. */
  readonly masks: number;
}

export const WORKER_CASES = {
  small: { preset: 'resnet18', shortSide: 320, longSide: 512, images: 24, batch: 8, masks: 80 },
  r50: { preset: 'condinst-r50', shortSide: 800, longSide: 1333, images: 8, batch: 1, masks: 80 },
} satisfies Readonly<Record<string, WorkerCase>>;

const shared = process.env['CASSL_SHARED'] ?? '../shared';

export async function measureWorker(measured: WorkerCase): Promise<WorkerMeasurement> {
  const { preset, shortSide, longSide, images, batch, masks } = measured;
  await openEngine({ engine: 'torch' });
  const kernels = detectionKernels();
  if (kernels === undefined) throw new Error('bench labeling measures the torch engine');
  // Every cell scores above the threshold of 0.05: selection, suppression and the masks have their full work to do.
  const config = detectorPreset(preset, {
    priorProbability: 0.06,
    resizeShortSide: shortSide,
    resizeLongSide: longSide,
  });
  const detector = createDetector(config, { seed: 1 });
  const folder = join(shared, 'data/coco-mini/train2017');
  const names = (await readdir(folder)).sort().slice(0, images);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));

  const decoded = async (file: Uint8Array): Promise<PreparedImage> => {
    const { image, original } = await decodeToFit(file, (size) => fitImage(config, size).resized);
    return { pixels: image, original };
  };
  // A worker runs for hours: what it loads and compiles at first is no cost of an image.
  for (const file of files) await decoded(file);
  const prepared: PreparedImage[] = [];
  const decode = await spent(async () => {
    for (const file of files) prepared.push(await decoded(file));
  });
  // As batches of one padded size, which the pipeline makes of the stream.
  const groups = Map.groupBy(prepared, ({ original }) => JSON.stringify(fitImage(config, original).padded));
  const batches = [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / batch) }, (_, index) =>
      group.slice(index * batch, (index + 1) * batch),
    ),
  );
  await detector.detectBatch(
    batches[0]!,
    batches[0]!.map(() => ({ maxDetections: masks })),
  );
  const stages = watch(kernels);
  const runs: string[] = [];
  let [text, found] = [0, 0];
  const total = await spent(async () => {
    for (const group of batches) {
      const detections = await detector.detectBatch(
        group,
        group.map(() => ({ maxDetections: masks })),
      );
      text += await spent(() => {
        for (const { mask } of detections.flat()) if (mask !== undefined) runs.push(rleToString(mask));
        return Promise.resolve();
      });
      found += detections.flat().length;
    }
  });
  detector.dispose();
  const each = (ms: number): number => ms / images;
  const host = decode + stages.placeImages + stages.selectDetections + stages.pasteMasks + text;
  const forward = total + decode - host;
  return {
    preset,
    shortSide,
    images,
    masksPerImage: found / images,
    decodeMs: each(decode),
    placeMs: each(stages.placeImages),
    selectMs: each(stages.selectDetections),
    pasteMs: each(stages.pasteMasks),
    textMs: each(text),
    hostMsPerImage: each(host),
    forwardMs: each(forward),
    ofForward: forward / (forward + host),
  };
}

/** Processor time of all threads, milliseconds. */
async function spent(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

type Stage = keyof DetectionKernels;

/** Adds up the processor time of each native function from here on. */
function watch(kernels: DetectionKernels): Record<Stage, number> {
  const sums: Record<Stage, number> = { placeImages: 0, selectDetections: 0, pasteMasks: 0 };
  for (const stage of Object.keys(sums) as Stage[]) {
    const run = kernels[stage].bind(kernels) as (...args: never[]) => unknown;
    const timed = (...args: never[]): unknown => {
      const before = process.cpuUsage();
      const result = run(...args);
      const { user, system } = process.cpuUsage(before);
      sums[stage] += (user + system) / 1000;
      return result;
    };
    Object.assign(kernels, { [stage]: timed });
  }
  return sums;
}

if (import.meta.main) {
  const [name = 'small'] = process.argv.slice(2);
  const measured = WORKER_CASES[name as keyof typeof WORKER_CASES];
  console.log(JSON.stringify(await measureWorker(measured)));
}
