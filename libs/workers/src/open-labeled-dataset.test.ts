import { AnnotationKind, LabelMapping, type LabeledDataset } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { useLabeledFolder } from './labeled-folder.fixture.ts';
import { openLabeledDataset, slice } from './open-labeled-dataset.ts';

const images = Array.from({ length: 10 }, (_, index) => index);
const all = { offset: 0, limit: 0, fromFraction: 0, toFraction: 0 };

describe('slice', () => {
  it('takes everything by default, a range by offset and limit', () => {
    expect(slice(images, all)).toEqual(images);
    expect(slice(images, { ...all, offset: 8 })).toEqual([8, 9]);
    expect(slice(images, { ...all, offset: 2, limit: 3 })).toEqual([2, 3, 4]);
  });

  it('cuts into neighbours that neither overlap nor leave a gap', () => {
    for (const part of [0.5, 0.75, 0.8, 1 / 3, 0.99]) {
      const left = slice(images, { ...all, toFraction: part });
      const right = slice(images, { ...all, fromFraction: part, toFraction: 1 });
      expect([...left, ...right]).toEqual(images);
    }
  });

  it('takes fractions of what offset and limit leave', () => {
    expect(slice(images, { offset: 2, limit: 4, fromFraction: 0.5, toFraction: 1 })).toEqual([4, 5]);
    expect(slice(images, { ...all, offset: 20 })).toEqual([]);
  });
});

describe('a labeled data set', () => {
  const folder = useLabeledFolder(6);
  const open = (changes: Partial<LabeledDataset> = {}): ReturnType<typeof openLabeledDataset> =>
    openLabeledDataset({ ...folder.dataset, ...changes });

  it.each([
    ['category', LabelMapping.LABEL_MAPPING_UNSPECIFIED, ['cat', 'tree', 'bird']],
    ['supercategory', LabelMapping.LABEL_MAPPING_SUPERCATEGORY, ['animal', 'plant']],
    ['agnostic', LabelMapping.LABEL_MAPPING_AGNOSTIC, ['object']],
  ])('has the labels that the request maps to: %s', async (_, labels, names) => {
    const dataset = await open({ labels });
    expect(dataset.categories.map(({ name }) => name)).toEqual(names);
    expect(dataset.images).toHaveLength(6);
    expect(dataset.images[0]!.instances).toHaveLength(2);
  });

  it('is another one, by its digest, when it is cut; the same cut is the same one', async () => {
    const whole = await open();
    const half = await open({ toFraction: 0.5 });
    const other = await open({ fromFraction: 0.5, toFraction: 1 });
    expect(half.images.map(({ key }) => key)).toEqual(['1.jpg', '2.jpg', '3.jpg']);
    expect(other.images.map(({ key }) => key)).toEqual(['4.jpg', '5.jpg', '6.jpg']);
    expect(new Set([whole.digest, half.digest, other.digest]).size).toBe(3);
    expect((await open({ toFraction: 0.5 })).digest).toBe(half.digest);
    // A cut that leaves everything is none.
    expect((await open({ limit: 100 })).digest).toBe(whole.digest);
  });

  it('with nothing left says what was asked for and what to do', async () => {
    await expect(open({ offset: 6 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /no usable image is left of file:.*labels\.json \(offset 6, limit 0\); run `cassl data check`/,
      ) as string,
    });
  });

  it('of panoptic kind needs its segments', async () => {
    await expect(open({ kind: AnnotationKind.ANNOTATION_KIND_PANOPTIC })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
