import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LabeledDataset } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { checkLabeledDataset } from './check-labeled-dataset.ts';
import { useLabeledFolder } from './labeled-folder.fixture.ts';

const folder = useLabeledFolder(2);
const check = (changes: Partial<LabeledDataset> = {}): Promise<void> =>
  checkLabeledDataset('Spec.data', { ...folder.dataset, ...changes });

describe('a labeled data set of a request', () => {
  it('may be whole, or a part of itself', async () => {
    await expect(check()).resolves.toBeUndefined();
    for (const [fromFraction, toFraction] of [
      [0, 1],
      [0.5, 0],
      [0.999, 1],
      [0, 0.001],
    ] as const)
      await expect(check({ fromFraction, toFraction })).resolves.toBeUndefined();
  });

  it('must be there', async () => {
    await expect(checkLabeledDataset('Spec.data', undefined)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Spec.data is missing',
    });
  });

  it.each([
    [{ fromFraction: 1 }, 'Spec.data.from_fraction must be in [0, 1), got 1'],
    [{ fromFraction: -0.1 }, 'Spec.data.from_fraction must be in [0, 1), got -0.1'],
    [{ fromFraction: NaN }, 'Spec.data.from_fraction must be in [0, 1), got NaN'],
    [{ toFraction: 1.5 }, 'Spec.data.to_fraction must be in (from_fraction, 1] or 0, got 1.5'],
    [{ toFraction: -1 }, 'Spec.data.to_fraction must be in (from_fraction, 1] or 0, got -1'],
    [{ toFraction: NaN }, 'Spec.data.to_fraction must be in (from_fraction, 1] or 0, got NaN'],
    [
      { fromFraction: 0.5, toFraction: 0.5 },
      'Spec.data.to_fraction must be in (from_fraction, 1] or 0, got 0.5',
    ],
  ])('names field, value and bound of %o', async (changes, message) => {
    await expect(check(changes)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });

  it.each(['annotationsUri', 'imagesUri', 'segmentsUri'] as const)('finds no %s', async (field) => {
    const gone = pathToFileURL(join(folder.path, 'gone')).href;
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    await expect(check({ [field]: gone })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(`Spec.data.${name}`) as string,
    });
  });

  it('refuses addresses that no worker could open', async () => {
    await expect(check({ imagesUri: '/plain/path' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/Spec\.data\.images_uri.*\/plain\/path/) as string,
    });
    await expect(check({ annotationsUri: '' })).rejects.toThrow(/Spec\.data\.annotations_uri/);
  });

  it('leaves what is in a bucket to the worker', async () => {
    await expect(check({ imagesUri: 's3://photos/of-nobody' })).resolves.toBeUndefined();
  });
});
