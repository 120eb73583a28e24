import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeSafetensors } from '@cassl/checkpoints';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { encodeLabelFile, type FailedImage, type LabelRecord } from '@cassl/labels';
import { Checkpoint, LabeledDataset, type Category } from '@cassl/proto';
import { createLogger } from '@cassl/rpc';
import { encodeJpeg, type Detection } from '@cassl/vision';
import type { RegistryClient } from '@cassl/workers';
import { afterAll, beforeAll } from 'vitest';

const SILENT = createLogger({ name: 'test', level: 'silent' });
const WIDTH = 64;
const HEIGHT = 48;

/** A folder for a test file. */
export function useFolder(): { readonly path: string; uri(name: string): string } {
  let path = '';
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'cassl-evaluator-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    uri: (name) => pathToFileURL(join(path, name)).href,
  };
}

/** `count` grey pictures, `1.jpg` and so on, with one cat each at [8, 8, 24, 24]; those in `broken` are no pictures. */
export async function writeDataset(
  folder: string,
  { count = 3, broken = [] }: { readonly count?: number; readonly broken?: readonly number[] } = {},
): Promise<LabeledDataset> {
  const images = join(folder, 'images');
  await mkdir(images, { recursive: true });
  const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(90);
  const photo = await encodeJpeg({ width: WIDTH, height: HEIGHT, data });
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  // Cut off in the middle: the header still tells the size, so that the list keeps it.
  for (const id of ids) {
    await writeFile(
      join(images, `${id}.jpg`),
      broken.includes(id) ? photo.subarray(0, photo.length / 2) : photo,
    );
  }
  const annotations = join(folder, 'labels.json');
  const document = {
    images: ids.map((id) => ({ id, file_name: `${id}.jpg`, width: WIDTH, height: HEIGHT })),
    annotations: ids.map((id) => ({
      id,
      image_id: id,
      category_id: 3,
      iscrowd: 0,
      bbox: [8, 8, 16, 16],
      area: 256,
      segmentation: [[8, 8, 24, 8, 24, 24, 8, 24]],
    })),
    categories: [{ id: 3, name: 'cat', supercategory: 'animal' }],
  };
  await writeFile(annotations, JSON.stringify(document));
  return LabeledDataset.fromPartial({
    annotationsUri: pathToFileURL(annotations).href,
    imagesUri: pathToFileURL(images).href,
  });
}

export function labelsOf(key: string, detections: readonly Detection[]): LabelRecord {
  return {
    key,
    digest: `sha256:${'1'.repeat(64)}`,
    location: { store: 'file:///pool', key },
    width: WIDTH,
    height: HEIGHT,
    detections,
    checkpoint: 'c'.repeat(64),
    threshold: 0.05,
  };
}

/** Answers the address of the file. */
export async function writeLabels(
  folder: string,
  name: string,
  records: readonly (LabelRecord | FailedImage)[],
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile(records)) chunks.push(chunk);
  const path = join(folder, name);
  await writeFile(path, Buffer.concat(chunks));
  return pathToFileURL(path).href;
}

/** An untrained tiny detector in the cache of downloads, where its digest is looked for first. */
export async function writeModel(cacheDir: string, categories: readonly Category[]): Promise<Checkpoint> {
  await openEngine({ logger: SILENT });
  await mkdir(cacheDir, { recursive: true });
  const config = detectorPreset('tiny', { classes: categories.length });
  const path = join(cacheDir, 'new.safetensors');
  await writeSafetensors(path, await createDetector(config, { seed: 1 }).stateDict(), { format: 'pt' });
  const bytes = await readFile(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(cacheDir, `${digest}.safetensors`), bytes);
  return Checkpoint.fromPartial({
    digest,
    sizeBytes: bytes.length,
    manifest: { model: { ...config }, categories: [...categories] },
  });
}

/** A registry that knows one checkpoint. */
export function registryOf(checkpoint: Checkpoint): RegistryClient {
  const registry: Pick<RegistryClient, 'getCheckpoint'> = {
    getCheckpoint: () => Promise.resolve({ checkpoint, evaluations: [], omittedEvaluations: 0 }),
  };
  return registry as RegistryClient;
}
