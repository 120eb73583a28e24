import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng, type TrainingSample } from '@cassl/vision';
import { openCocoDataset } from '../coco/open-coco-dataset.ts';
import type { Dataset } from '../dataset.ts';
import { generateScenes } from '../scenes/generate-scenes.ts';
import { createBatches, type CreateBatchesOptions } from './create-batches.ts';
import { startBatchWorker } from './start-batch-worker.ts';

let root: string;
let dataset: Dataset;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-batches-'));
  await generateScenes({ out: join(root, 'scenes'), labeled: 10, unlabeled: 0, val: 0, size: 64 });
  dataset = await openScenes();
});
afterAll(() => rm(root, { recursive: true, force: true }));

function openScenes(): Promise<Dataset> {
  const annotations = join(root, 'scenes/annotations/instances_train2017.json');
  return openCocoDataset({ annotations, images: join(root, 'scenes/train2017') });
}

const batches = (options: Partial<CreateBatchesOptions> = {}): ReturnType<typeof createBatches> =>
  createBatches({ dataset, batchSize: 4, augment: 'jitter', size: 64, seed: 3, ...options });

const keysOf = (samples: readonly TrainingSample[]): string[] => samples.map(({ key }) => key);

describe('createBatches', () => {
  it('gives batch i the same content in any order of asking, and other content for another seed', async () => {
    const forward = batches();
    await forward.at(0);
    await forward.at(1);
    const seventh = await forward.at(7);
    expect(await batches().at(7)).toEqual(seventh);
    expect(await batches({ cacheBytes: 0 }).at(7)).toEqual(seventh);
    expect(await batches({ seed: 4 }).at(7)).not.toEqual(seventh);
    for await (const batch of batches().from(7)) {
      expect(batch).toEqual(seventh);
      break;
    }
  });

  it('shows every image once per epoch, each epoch in another order', async () => {
    const stream = batches({ batchSize: 5, augment: 'none' });
    const epoch = async (first: number): Promise<string[]> => [
      ...keysOf(await stream.at(first)),
      ...keysOf(await stream.at(first + 1)),
    ];
    const [one, two] = [await epoch(0), await epoch(2)];
    expect(new Set(one).size).toBe(10);
    expect(new Set(two)).toEqual(new Set(one));
    expect(two).not.toEqual(one);
  });

  it('keeps wide and tall images apart on request, and stays a function of the index', async () => {
    const images = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => {
        const width = index % 3 === 0 ? 48 : 32;
        const height = 80 - width;
        const data = new Uint8Array(width * height * 3).fill(100);
        await mkdir(join(root, 'mixed'), { recursive: true });
        await writeFile(join(root, `mixed/${index}.png`), await encodePng({ width, height, data }));
        return { id: index, file_name: `${index}.png`, width, height };
      }),
    );
    const labels = images.map(({ id }) => ({
      id,
      image_id: id,
      category_id: 1,
      bbox: [4, 4, 9, 9],
      iscrowd: 0,
    }));
    const path = join(root, 'mixed.json');
    await writeFile(
      path,
      JSON.stringify({ images, annotations: labels, categories: [{ id: 1, name: 'thing' }] }),
    );
    const mixed = await openCocoDataset({ annotations: path, images: join(root, 'mixed') });
    const grouped = batches({
      dataset: mixed,
      batchSize: 3,
      augment: 'weak',
      size: 32,
      aspectGrouping: true,
    });
    const shapes: boolean[] = [];
    for (let index = 0; index < 12; index++) {
      const wide = (await grouped.at(index)).map(({ image }) => image.width > image.height);
      expect(new Set(wide).size).toBe(1);
      shapes.push(wide[0]!);
    }
    expect(new Set(shapes).size).toBe(2);
    const again = batches({ dataset: mixed, batchSize: 3, augment: 'weak', size: 32, aspectGrouping: true });
    expect(await again.at(11)).toEqual(await grouped.at(11));
    expect(await grouped.at(2)).toEqual(await again.at(2));
  });

  it('leaves out images with nothing to learn from, crowds, and instances without the mask that is required', async () => {
    const { images } = dataset;
    const crowd = images.map((image, index) => ({
      ...image,
      instances: image.instances.map((instance) => ({ ...instance, crowd: index < 9 })),
    }));
    const stream = batches({ dataset: { ...dataset, images: crowd }, augment: 'none' });
    expect(stream.imageCount).toBe(1);
    expect(new Set(keysOf(await stream.at(0)))).toEqual(new Set([images[9]!.key]));

    const boxes = images.map((image) => ({
      ...image,
      instances: image.instances.map(({ mask: _, ...instance }) => instance),
    }));
    const boxOnly = { ...dataset, images: boxes };
    expect(() => batches({ dataset: boxOnly, masks: 'require' })).toThrow(
      /none of the 10 images has a label/,
    );
    const [sample] = await batches({ masks: 'drop' }).at(0);
    expect(sample!.instances.every(({ mask }) => mask === undefined)).toBe(true);
  });

  it('goes on when an image cannot be read: another takes its place, and it is counted and listed', async () => {
    await generateScenes({ out: join(root, 'hurt'), labeled: 5, unlabeled: 0, val: 0, size: 64 });
    const hurt = await openCocoDataset({
      annotations: join(root, 'hurt/annotations/instances_train2017.json'),
      images: join(root, 'hurt/train2017'),
    });
    await writeFile(join(root, 'hurt/train2017/000000000002.jpg'), 'gone bad after it was opened');
    const stream = batches({ dataset: hurt, batchSize: 5, augment: 'none' });
    const keys = [...keysOf(await stream.at(0)), ...keysOf(await stream.at(1))];
    expect(keys).toHaveLength(10);
    expect(keys).not.toContain('000000000002.jpg');
    const report = stream.report();
    expect(report.images).toEqual({ listed: 5, kept: 4 });
    expect(report.reasons).toMatchObject([{ count: 1, what: 'image', outcome: 'dropped' }]);
    expect(keysOf(await batches({ dataset: hurt, batchSize: 5, augment: 'none' }).at(1))).toEqual(
      keys.slice(5),
    );

    await rm(join(root, 'hurt/train2017'), { recursive: true });
    const empty = batches({ dataset: hurt, augment: 'none' });
    await expect(empty.at(0)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('refuses a batch size and a size that make no sense', () => {
    expect(() => batches({ batchSize: 0 })).toThrow(/batchSize .* got 0/);
    expect(() => batches({ size: 3 })).toThrow(/size .* got 3/);
  });
});

describe('startBatchWorker', () => {
  // A stand-in for a detector's prepare step: the pixels of the batch in one array.
  const module = `data:text/javascript,${encodeURIComponent(`
    export function prepare(config, samples) {
      if (config.fail) throw new Error('no luck');
      return {
        keys: samples.map((sample) => sample.key),
        pixels: Float32Array.from(samples.flatMap(({ image }) => [...image.data])),
      };
    }
    export function exit() { process.exit(3); }`)}`;
  interface Prepared {
    readonly keys: string[];
    readonly pixels: Float32Array;
  }
  const start = (
    options: Partial<Parameters<typeof startBatchWorker>[0]> = {},
    step: object = {},
  ): ReturnType<typeof startBatchWorker<Prepared>> =>
    startBatchWorker<Prepared>({
      dataset,
      batchSize: 4,
      augment: 'jitter',
      size: 64,
      seed: 3,
      prepare: { module, function: 'prepare', config: {}, ...step },
      ...options,
    });

  it('delivers the prepared batches in order from the start it is given, then ends its thread', async () => {
    const expected = batches();
    const seen: number[] = [];
    for await (const { index, batch } of start({ start: 5, prefetch: 2 })) {
      seen.push(index);
      const samples = await expected.at(index);
      expect(batch.keys).toEqual(keysOf(samples));
      expect([...batch.pixels]).toEqual(samples.flatMap(({ image }) => [...image.data]));
      if (seen.length === 4) break;
    }
    expect(seen).toEqual([5, 6, 7, 8]);
  });

  it('passes on the error of the prepare step, of a missing function and of a thread that dies', async () => {
    await Promise.all([
      expect(start({}, { config: { fail: true } }).next()).rejects.toThrow('no luck'),
      expect(start({}, { function: 'nothing' }).next()).rejects.toThrow(/exports no nothing/),
      expect(start({}, { function: 'exit' }).next()).rejects.toThrow(/ended with code 3/),
      expect(start({ batchSize: 0 }).next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' }),
    ]);
  });

  it('stops at the signal', async () => {
    const stop = new AbortController();
    const stream = start({ signal: stop.signal });
    await stream.next();
    stop.abort();
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
