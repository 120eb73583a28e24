import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePngIds } from '@cassl/vision';
import { evaluatePanoptic, evaluatePanopticFiles, type PanopticSide } from '../index.ts';

function side(
  idAt: (row: number, column: number) => number,
  segments: [id: number, category: number, crowd?: true][],
) {
  const ids = Int32Array.from({ length: 100 }, (_, i) => idAt(Math.floor(i / 10), i % 10));
  return {
    map: { width: 10, height: 10, ids },
    segments: segments.map(([id, categoryId, crowd]) => ({ id, categoryId, crowd: crowd ?? false })),
  } satisfies PanopticSide;
}

// Golden numbers: panopticapi's rules worked out by hand on a 10 x 10 image; row 9 is void.
const groundTruth = side(
  (row, column) => (row < 5 ? (column < 5 ? 1 : 2) : row < 9 ? 3 : 0),
  [
    [1, 1],
    [2, 1, true],
    [3, 2],
  ],
);
const prediction = side(
  (row, column) => {
    if (row >= 5) return 13;
    if (column < 4) return 11;
    if (row === 0 && column === 4) return 14;
    return row >= 1 && row <= 3 && column >= 5 && column <= 7 ? 12 : 0;
  },
  [
    [11, 1],
    [12, 1],
    [13, 2],
    [14, 1],
  ],
);
const categories = [
  { id: 1, name: 'person', isThing: true },
  { id: 2, name: 'sky', isThing: false },
  { id: 3, name: 'absent', isThing: false },
];

describe('panoptic quality', () => {
  it('takes void out of the union and forgives predictions in crowds', () => {
    const { all, things, stuff, perCategory } = evaluatePanoptic(
      [{ imageId: 1, groundTruth, prediction }],
      categories,
    );
    expect(perCategory[0]).toMatchObject({ tp: 1, fp: 1, fn: 0 });
    expect(things.PQ).toBeCloseTo(0.533333, 6);
    expect(things.SQ).toBeCloseTo(0.8, 12);
    expect(things.RQ).toBeCloseTo(0.666667, 6);
    expect(stuff).toEqual({ PQ: 1, SQ: 1, RQ: 1 });
    expect(all.PQ).toBeCloseTo(0.766667, 6);
    expect(perCategory[2]).toMatchObject({ PQ: null, tp: 0, fp: 0, fn: 0 });
  });

  it('is perfect for the truth itself and all misses for nothing', () => {
    const perfect = evaluatePanoptic([{ imageId: 1, groundTruth, prediction: groundTruth }], categories);
    expect(perfect.all).toEqual({ PQ: 1, SQ: 1, RQ: 1 });
    const nothing = side(() => 0, []);
    expect(evaluatePanoptic([{ imageId: 1, groundTruth, prediction: nothing }], categories).all).toEqual({
      PQ: 0,
      SQ: 0,
      RQ: 0,
    });
  });

  it.each([
    [
      'a listed segment without a pixel',
      { ...prediction, segments: [...prediction.segments, { id: 15, categoryId: 1, crowd: false }] },
      /prediction: segment 15 is listed but has no pixel/,
    ],
    [
      'pixels that no segment lists',
      { ...prediction, segments: prediction.segments.slice(1) },
      /segment 11 has pixels but is not listed/,
    ],
    [
      'an unknown category',
      { ...prediction, segments: prediction.segments.map((s) => ({ ...s, categoryId: 9 })) },
      /unknown category 9/,
    ],
    [
      'another size',
      { ...prediction, map: { ...prediction.map, width: 5, height: 20 } },
      /20 x 5 pixels, the ground truth 10 x 10/,
    ],
    [
      'a segment listed twice',
      { ...prediction, segments: [...prediction.segments, prediction.segments[0]!] },
      /segment 11 is listed twice/,
    ],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => evaluatePanoptic([{ imageId: 4, groundTruth, prediction: wrong }], categories)).toThrow(
      message,
    );
  });
});

describe('panoptic files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-pq-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const json = ({ segments }: PanopticSide, file: string) => ({
    annotations: [
      {
        image_id: 1,
        file_name: file,
        segments_info: segments.map(({ id, categoryId, crowd }) => ({
          id,
          category_id: categoryId,
          iscrowd: Number(crowd),
        })),
      },
    ],
    categories: categories.map(({ id, name, isThing }) => ({ id, name, isthing: Number(isThing) })),
  });

  async function evaluate(dt: unknown) {
    await writeFile(join(folder, 'gt.png'), await encodePngIds(groundTruth.map));
    await writeFile(join(folder, 'dt.png'), await encodePngIds(prediction.map));
    await writeFile(join(folder, 'gt.json'), JSON.stringify(json(groundTruth, 'gt.png')));
    await writeFile(join(folder, 'dt.json'), JSON.stringify(dt));
    return evaluatePanopticFiles({
      groundTruth: join(folder, 'gt.json'),
      groundTruthFolder: folder,
      results: join(folder, 'dt.json'),
      resultsFolder: folder,
    });
  }

  it('scores JSON and PNG', async () => {
    expect((await evaluate(json(prediction, 'dt.png'))).all.PQ).toBeCloseTo(0.766667, 6);
  });

  it('names an image without a prediction, a stranger and a missing file', async () => {
    const file = json(prediction, 'dt.png');
    await expect(evaluate({ ...file, annotations: [] })).rejects.toThrow(
      /dt.json has no annotation of image 1/,
    );
    await expect(
      evaluate({ ...file, annotations: [...file.annotations, { ...file.annotations[0], image_id: 8 }] }),
    ).rejects.toThrow(/annotations\[1\].image_id 8 is none of the ids of the ground truth's images/);
    await expect(evaluate(json(prediction, 'none.png'))).rejects.toThrow(/none.png cannot be read/);
    await expect(evaluate(json(prediction, 'gt.json'))).rejects.toThrow(/gt.json: image: .* not an image/);
  });

  const shared = process.env['CASSL_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');
  const annotations = join(shared, 'data/coco-mini/annotations');
  it.skipIf(!existsSync(annotations))(
    'gives 100 % for coco-mini against itself (needs CASSL_SHARED)',
    async () => {
      const summary = await evaluatePanopticFiles({
        groundTruth: join(annotations, 'panoptic_val2017.json'),
        groundTruthFolder: join(annotations, 'panoptic_val2017'),
        results: join(annotations, 'panoptic_val2017.json'),
        resultsFolder: join(annotations, 'panoptic_val2017'),
      });
      expect(summary.all).toEqual({ PQ: 1, SQ: 1, RQ: 1 });
    },
  );
});
