import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isLabelSetDataset } from '@cassl/datasets';
import { encodeLabelFile, type LabelRecord } from '@cassl/labels';
import { TrainingSpec, type Category } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTrainingData } from './open-training-data.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function record(key: string, checkpoint: string, category: number): LabelRecord {
  return {
    key,
    digest: `sha256:${key}`,
    location: { store: 'file:///pool', key },
    width: 20,
    height: 20,
    detections: [{ box: [1, 1, 9, 9], score: 0.9, category }],
    checkpoint,
    threshold: 0.05,
  };
}

async function open(
  records: readonly LabelRecord[],
  classSpecific: boolean,
): Promise<{ names: string[]; categories: number[] }> {
  const path = join(folder, 'labels.jsonl.gz');
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile(records)) chunks.push(chunk);
  await writeFile(path, Buffer.concat(chunks));
  const spec = TrainingSpec.fromPartial({
    data: {
      $case: 'pseudoLabels',
      value: { labelUris: [pathToFileURL(path).href], threshold: 0.5, classSpecific },
    },
  });
  const classesOf = (checkpoint: string): Promise<readonly Category[]> =>
    Promise.resolve([
      { id: 7, name: `cat of ${checkpoint}` },
      { id: 9, name: `fox of ${checkpoint}` },
    ]);
  const { dataset, categories } = await openTrainingData(spec, { classesOf });
  if (isLabelSetDataset(dataset)) throw new TypeError('label files are read into memory');
  return {
    names: categories.map(({ id, name }) => `${id} ${name}`),
    categories: dataset.images.flatMap(({ instances }) => instances.map(({ category }) => category)),
  };
}

describe('openTrainingData of pseudo labels', () => {
  const mixed = [record('a.jpg', 'aa', 0), record('b.jpg', 'aa', 1)];

  it('collapses classes, unless the comparator asks for those of the teacher', async () => {
    expect(await open(mixed, false)).toEqual({ names: ['1 object'], categories: [0, 0] });
    expect(await open(mixed, true)).toEqual({ names: ['7 cat of aa', '9 fox of aa'], categories: [0, 1] });
  });

  it('refuses to mix the classes of two teachers', async () => {
    const two = [...mixed, record('c.jpg', 'bb', 1)];
    await expect(open(two, true)).rejects.toThrow(
      'TrainingSpec.pseudo_labels.class_specific needs labels of one teacher, these are of 2',
    );
    await expect(open(two, false)).resolves.toMatchObject({ categories: [0, 0, 0] });
  });
});
