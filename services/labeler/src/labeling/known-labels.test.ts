import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { detectorPreset, type Detector } from '@cassl/detector';
import { detectorModel } from '@cassl/inference/pipeline';
import { JobState, type Labeling, type LabelingSpec } from '@cassl/proto';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelShard } from './label-shard.ts';
import { openTestLabeling, TEACHER, type TestLabeling } from './labeling.fixture.ts';

const IMAGES = 12;
const { JOB_STATE_FAILED } = JobState;

let test: TestLabeling;
/** Widths of the images that went through the network. */
let seen: number[] = [];
beforeAll(async () => {
  test = await openTestLabeling();
});
afterAll(() => test.close());

/** One box an image, as wide as it is. */
const detector: Partial<Detector> = {
  config: detectorPreset('resnet18', { resizeShortSide: 32, resizeLongSide: 64 }),
  detectBatch: (images) => {
    seen.push(...images.map(({ original }) => original.width));
    return Promise.resolve(
      images.map(({ original: { width, height } }) => [
        { box: [0, 0, width, height] as const, score: 0.5, category: 0 },
      ]),
    );
  },
};
const teacher = { digest: TEACHER, model: detectorModel(detector as Detector, '') };

const work: TestLabeling['work'] = () =>
  test.work((shard, entries, signal, known) => {
    const { threshold, maxDetections, nonOverlap } = shard;
    const options = { threshold, maxDetections, nonOverlap, masks: false };
    return labelShard(teacher, { entries, options, known }, signal);
  });

async function photo(folder: string, index: number, width = 20 + index): Promise<void> {
  const png = await encodePng({ width, height: 24, data: new Uint8Array(3 * width * 24).fill(index) });
  await writeFile(join(folder, `${String(index).padStart(3, '0')}.png`), png);
}

async function photos(name: string): Promise<{ readonly folder: string; readonly uri: string }> {
  const folder = join(test.home, name);
  await mkdir(folder);
  for (let index = 0; index < IMAGES; index++) await photo(folder, index);
  return { folder, uri: pathToFileURL(folder).href };
}

async function label(id: string, uri: string, changes: Partial<LabelingSpec> = {}): Promise<Labeling> {
  seen = [];
  await test.labelings.start(id, test.spec(uri, changes));
  const stop = work();
  const job = await test.ended(id);
  await stop();
  return job;
}

describe('labeling a pool of which labels are known', () => {
  it('labels what is new, what was replaced and what failed, and nothing else: the set is that of the whole pool', async () => {
    const { folder, uri } = await photos('grown');
    await writeFile(join(folder, '003.png'), 'cut off');
    const first = await label('grown-first', uri);
    expect(first).toMatchObject({ labeledImages: IMAGES - 1, failedImages: 1, knownImages: 0 });

    await photo(folder, 3);
    await photo(folder, 5, 90);
    for (const index of [IMAGES, IMAGES + 1, IMAGES + 2]) await photo(folder, index);
    const grown = await label('grown-known', uri, { knownLabels: first.labelSetUri });
    expect(seen.toSorted((a, b) => a - b)).toEqual([23, 32, 33, 34, 90]);
    expect(grown).toMatchObject({ knownImages: IMAGES - 2, labeledImages: IMAGES + 3, failedImages: 0 });

    const whole = await label('grown-whole', uri);
    expect(seen).toHaveLength(IMAGES + 3);
    expect(grown.labelSetDigest).toBe(whole.labelSetDigest);
  });

  it('copies them where the pool has moved, under their new place', async () => {
    const first = await label('moved-first', (await photos('before')).uri);
    const { uri } = await photos('after');
    const moved = await label('moved', uri, { knownLabels: first.labelSetUri });
    expect(seen).toEqual([]);
    expect(moved.knownImages).toBe(IMAGES);
    expect(moved.labelSetDigest).toBe((await label('moved-whole', uri)).labelSetDigest);
  });

  it('goes on where one worker stopped', async () => {
    const { folder, uri } = await photos('stopped');
    const first = await label('stopped-first', uri);
    for (let index = IMAGES; index < 2 * IMAGES; index++) await photo(folder, index);
    seen = [];
    await test.labelings.start('stopped', test.spec(uri, { knownLabels: first.labelSetUri }));
    await work()();
    const stop = work();
    const job = await test.ended('stopped');
    await stop();
    expect(job).toMatchObject({ knownImages: IMAGES, labeledImages: 2 * IMAGES });
  });

  it.each([
    { options: { threshold: 0.2, nonOverlap: false, maxDetections: 0, classSpecific: false } },
    { options: { threshold: 0, nonOverlap: true, maxDetections: 0, classSpecific: false } },
    { options: { threshold: 0, nonOverlap: false, maxDetections: 7, classSpecific: false } },
    { options: { threshold: 0, nonOverlap: false, maxDetections: 0, classSpecific: true } },
  ])('labels all of it with other options: %j', async (changes) => {
    const name = `other-${JSON.stringify(changes).replace(/\W+/g, '-')}`;
    const { uri } = await photos(name);
    const first = await label(`${name}-1`, uri);
    const job = await label(`${name}-2`, uri, { ...changes, knownLabels: first.labelSetUri });
    expect(job.knownImages).toBe(0);
    expect(seen).toHaveLength(IMAGES);
  });
});

describe('a known label set that cannot be read', () => {
  it('is refused before the job starts, by the name of the field', async () => {
    const { folder, uri } = await photos('refused');
    const start = (knownLabels: string): Promise<unknown> =>
      test.labelings.start('refused', test.spec(uri, { knownLabels }));
    const field = /^LabelingSpec\.known_labels/;
    await expect(start('nonsense')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: field });
    await expect(start(`${uri}/gone.labelset.jsonl`)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: field,
    });
    await writeFile(join(folder, 'text.labelset.jsonl'), 'no set\n');
    await expect(start(`${uri}/text.labelset.jsonl`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: field,
    });
  });

  it.each([
    ['goes away', (path: string) => rm(path), 'NOT_FOUND'],
    ['is changed', (path: string) => writeFile(path, 'x'), 'DATA_LOSS'],
  ])('fails the job at once where a file of it %s meanwhile', async (what, damage, code) => {
    const name = what.replace(' ', '-');
    const { uri } = await photos(name);
    const outputUri = pathToFileURL(join(test.home, `${name}-out`)).href;
    const first = await label(`${name}-1`, uri, { outputUri });
    await test.labelings.start(`${name}-2`, test.spec(uri, { knownLabels: first.labelSetUri }));
    const labels = dirname(fileURLToPath(first.labelSetUri));
    const files = (await readdir(labels)).filter((file) => file.endsWith('.gz'));
    for (const file of files) await damage(join(labels, file));
    const stop = work();
    const job = await test.ended(`${name}-2`);
    await stop();
    expect(job.status).toMatchObject({ state: JOB_STATE_FAILED, error: { code } });
    expect(job.status?.error?.message).toMatch(/known labels cannot be read/);
  });
});
