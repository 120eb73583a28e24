import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateScenes, openCocoDataset, openImagePool, type PoolEntry } from '@cassl/datasets';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { writeLabelFile, writeLabelSet, type LabelFileEntry } from '@cassl/labels';
import { AnnotationKind, LabelMapping, Schedule, TrainingSpec } from '@cassl/proto';
import { openStore } from '@cassl/storage';
import { hasS3, startS3, type TestS3 } from '@cassl/storage/test-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTrainingData } from './open-training-data.ts';
import { streamBatches } from './stream-batches.ts';
import { trainDetector } from './train-detector.ts';
import { createTrainingOptimizer } from './training-optimizer.ts';

const ITERATIONS = 3;
const bucket = `cassl-train-${process.pid}`;
const ZERO = `sha256:${'0'.repeat(64)}`;

/** Trains from scratch on what the request names; answers the weights. */
async function train(data: TrainingSpec['data']): Promise<ReadonlyMap<string, Uint8Array>> {
  const { dataset } = await openTrainingData(TrainingSpec.fromPartial({ data }), {
    classesOf: () => Promise.resolve([]),
  });
  const config = detectorPreset('tiny', {
    resizeShortSide: 64,
    resizeLongSide: 64,
    pyramidChannels: 16,
    towerConvolutions: 1,
    towerGroups: 8,
    maskChannels: 8,
    maskConvolutions: 1,
    classes: 1,
  });
  const detector = createDetector(config, { seed: 9 });
  const schedule = Schedule.fromPartial({ iterations: ITERATIONS, batchSize: 2, learningRate: 1e-3 });
  const options = { dataset, config, batchSize: 2, augmentation: 'jitter', seed: 9, from: 0 };
  const batches = streamBatches({ ...options, iterations: ITERATIONS });
  await trainDetector({
    detector,
    optimizer: createTrainingOptimizer(detector, schedule),
    batches,
    from: 0,
    iterations: ITERATIONS,
    learningRateAt: () => 1e-3,
    clipNorm: 0,
    precision: 'fp32',
    logEvery: 100,
    log: () => Promise.resolve(),
    checkpointEvery: 100,
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
  }).finally(() => batches.return(undefined));
  const state = await detector.stateDict();
  detector.dispose();
  return new Map([...state].map(([name, { data: bytes }]) => [name, bytes]));
}

function differing(one: ReadonlyMap<string, Uint8Array>, other: ReadonlyMap<string, Uint8Array>): string[] {
  return [...one].flatMap(([name, bytes]) => (Buffer.compare(bytes, other.get(name)!) === 0 ? [] : name));
}

describe.skipIf(!hasS3())('a training from s3:// (needs S3_TEST_ENDPOINT or moto)', () => {
  let root: string;
  let server: TestS3;
  beforeAll(async () => {
    server = await startS3();
    process.env.S3_ENDPOINT = server.endpoint;
    await server.makeBucket(bucket);
    root = await mkdtemp(join(tmpdir(), 'cassl-train-store-'));
    await generateScenes({ out: root, labeled: 6, unlabeled: 0, val: 0, size: 64, seed: 5 });
    const images = join(root, 'train2017');
    const names = (await readdir(images)).sort();
    await mkdir(join(root, 'shards'));
    for (const [index, part] of [names.slice(0, 4), names.slice(4)].entries()) {
      execFileSync('tar', ['-cf', join(root, `shards/${index}.tar`), '-C', images, ...part]);
    }
    const store = openStore(`s3://${bucket}`);
    for (const key of ['annotations/instances_train2017.json', 'shards/0.tar', 'shards/1.tar']) {
      await store.put(key, await readFile(join(root, key)));
    }
    await openEngine({});
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  });

  const here = (path: string): string => pathToFileURL(join(root, path)).href;

  it('of labeled images in tar shards gives the weights that the folder gives', async () => {
    const labeled = (annotationsUri: string, imagesUri: string): TrainingSpec['data'] =>
      TrainingSpec.fromPartial({
        data: {
          $case: 'labeled',
          value: {
            annotationsUri,
            imagesUri,
            kind: AnnotationKind.ANNOTATION_KIND_INSTANCES,
            labels: LabelMapping.LABEL_MAPPING_AGNOSTIC,
          },
        },
      }).data;
    const file = 'annotations/instances_train2017.json';
    const fromFolder = await train(labeled(here(file), here('train2017')));
    const fromStore = await train(labeled(`s3://${bucket}/${file}`, `s3://${bucket}/shards`));
    expect(differing(fromFolder, fromStore)).toEqual([]);
  }, 120_000);

  it('of a label set over tar shards gives the weights that the one over the folder gives', async () => {
    const { images } = await openCocoDataset({
      annotations: join(root, 'annotations/instances_train2017.json'),
      images: join(root, 'train2017'),
    });
    /** The labels of the annotations as a labeling of that pool would have written them. */
    const labelSet = async (pool: string, folder: string): Promise<string> => {
      const entries: PoolEntry[] = [];
      for await (const entry of (await openImagePool(pool)).entries()) entries.push(entry);
      const records = entries.map(({ key, location }, index) => {
        const { width, height, instances } = images[index]!;
        const detections = instances.map(({ box, mask }) => ({
          box,
          score: 0.9,
          category: 0,
          ...(mask === undefined ? {} : { mask }),
        }));
        const teacher = { checkpoint: 'aa', threshold: 0.05, digest: ZERO };
        return { key, location, width, height, detections, ...teacher };
      });
      const store = openStore(folder);
      const files: LabelFileEntry[] = [];
      for (let at = 0; at < records.length; at += 2) {
        files.push(await writeLabelFile(store, records.slice(at, at + 2)));
      }
      const teacher = { digest: ZERO, kind: 'checkpoint' as const, prompts: [], licence: '' };
      const source = { manifest: ZERO, teacher, options: {}, scoreFloor: 0.05 };
      return (await writeLabelSet(store, { threshold: 0.05, sources: [source] }, files)).address;
    };
    const pseudo = (address: string): TrainingSpec['data'] =>
      TrainingSpec.fromPartial({
        data: { $case: 'pseudoLabels', value: { labelSet: address, threshold: 0.5 } },
      }).data;
    const folder = await train(pseudo(await labelSet(here('train2017'), here('labels'))));
    const shards = `s3://${bucket}/shards`;
    const store = await train(pseudo(await labelSet(shards, `s3://${bucket}/labels`)));
    expect(differing(folder, store)).toEqual([]);
  }, 120_000);
});
