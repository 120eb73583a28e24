import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateCocoFiles, type EvaluationType } from '../index.ts';

const shared = process.env['CASSL_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');
const fixtures = join(shared, 'eval');
const KEYS = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];

describe.skipIf(!existsSync(fixtures))('published results of the COCO API (needs CASSL_SHARED)', () => {
  it.each([
    [
      'bbox' as const,
      [
        0.5045806987249628, 0.6969727247299577, 0.5729816669904824, 0.5856257209410443, 0.5193996948036719,
        0.5013978986347466, 0.38681277964578054, 0.5936795762842003, 0.595352982877607, 0.6398109626113442,
        0.5664205978994309, 0.5642905982905982,
      ],
    ],
    [
      'segm' as const,
      [
        0.3195452758576433, 0.5622883972521636, 0.29892653412086784, 0.3873740315997838, 0.31018272403369485,
        0.3269339071005138, 0.2682297225711534, 0.41544868114906375, 0.4168394992198812, 0.4694498622754236,
        0.37675922666197265, 0.3814715099715099,
      ],
    ],
  ])('agrees to 1e-9 on %s', async (type, expected) => {
    const { summary, warnings } = await evaluateCocoFiles({
      type,
      groundTruth: join(fixtures, 'instances_val2014_100.json'),
      results: join(fixtures, `instances_val2014_fake${type}100_results.json`),
    });
    KEYS.forEach((key, i) => {
      const value = (summary.numbers as unknown as Record<string, number>)[key]!;
      expect(Math.abs(value - expected[i]!), key).toBeLessThan(1e-9);
    });
    expect(warnings).toEqual([]);
  });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-eval-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const images = [
  { id: 2, height: 50, width: 60 },
  { id: 1, height: 50, width: 60 },
];
const annotation = { id: 1, image_id: 1, category_id: 3, area: 100, bbox: [10, 10, 10, 10], iscrowd: 0 };
const square = [[10, 10, 20, 10, 20, 20, 10, 20]];
const truth = {
  info: { year: 2017 },
  annotations: [{ ...annotation, segmentation: square }],
  images,
  categories: [{ id: 3, name: 'cup' }],
};
const result = { image_id: 1, category_id: 3, score: 0.5, bbox: [10, 10, 10, 10] };

async function evaluate(gt: unknown, dt: unknown, type: EvaluationType = 'bbox', classAgnostic = false) {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const [groundTruth, results] = [join(folder, 'gt.json'), join(folder, 'dt.json')];
  await writeFile(groundTruth, text(gt));
  await writeFile(results, text(dt));
  return evaluateCocoFiles({ type, groundTruth, results, classAgnostic });
}

describe('evaluation of files', () => {
  it('reads annotations that stand before their images', async () => {
    const { summary } = await evaluate(truth, [result]);
    expect(summary).toMatchObject({ images: 2, detections: 1, numbers: { APm: null } });
    expect(summary.numbers.AP).toBeCloseTo(1, 12); // pycocotools' own 1 / (1 + 2.2e-16)
  });

  it('accepts an empty list of results', async () => {
    expect((await evaluate(truth, [])).summary.numbers.AP).toBe(0);
  });

  it('makes boxes of results that carry masks alone', async () => {
    const { image_id, category_id, score } = result;
    const masked = { image_id, category_id, score, segmentation: { size: [50, 60], counts: 'd0' } };
    masked.segmentation.counts = 'Z;2n0';
    await expect(evaluate(truth, [masked])).rejects.toThrow(/entry\[0\]: segmentation/);
    const polygon = { image_id, category_id, score, segmentation: square };
    expect((await evaluate(truth, [polygon])).summary.numbers.AP).toBeCloseTo(1, 12);
    expect((await evaluate(truth, [polygon], 'segm')).summary.numbers.AP).toBeCloseTo(1, 12);
  });

  it('ignores categories of results in a class-agnostic evaluation', async () => {
    const { summary } = await evaluate(truth, [{ ...result, category_id: 77 }], 'bbox', true);
    expect(summary.numbers.AP).toBeCloseTo(1, 12);
  });

  it('treats a match with annotation 0 as no match, as pycocotools does, and says so', async () => {
    const gt = { ...truth, annotations: [{ ...annotation, id: 0 }] };
    const { summary, warnings } = await evaluate(gt, [result]);
    expect(summary.numbers.AP).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('has the id 0')]);
  });

  it('leaves out annotations of unknown images and categories with a warning', async () => {
    const gt = {
      ...truth,
      annotations: [
        ...truth.annotations,
        { ...annotation, id: 2, image_id: 9 },
        { ...annotation, id: 3, category_id: 9 },
      ],
    };
    const { summary, warnings } = await evaluate(gt, [result]);
    expect(summary.numbers.AP).toBeCloseTo(1, 12);
    expect(warnings).toHaveLength(2);
  });

  it('reads files of many pieces, with brackets and quotes in their texts', async () => {
    const note = 'a "quoted" ]}, \\ text é 犬 ' + 'x'.repeat(3000);
    const many = Array.from({ length: 2000 }, (_, i) => ({
      ...result,
      image_id: 1 + (i % 2),
      score: i / 2000,
      note,
    }));
    const { summary } = await evaluate({ ...truth, note }, JSON.stringify(many, null, 1));
    expect(summary.detections).toBe(200);
    expect(summary.numbers.AP).toBeCloseTo(0.5, 12); // the image without the object has the top score
  });

  const rle = (counts: string, size = [50, 60]) => [{ ...result, segmentation: { size, counts } }];
  it.each<[string, unknown, unknown, EvaluationType, RegExp]>([
    [
      'an unknown image',
      truth,
      [result, { ...result, image_id: 5 }],
      'bbox',
      /dt.json: entry\[1\].image_id 5 is none of the ids/,
    ],
    [
      'an unknown category',
      truth,
      [{ ...result, category_id: 1 }],
      'bbox',
      /entry\[0\].category_id 1 is none of the ids of the ground truth.s categories/,
    ],
    ['a malformed RLE', truth, rle('ab cd'), 'segm', /dt.json: entry\[0\].segmentation: RLE string has " "/],
    [
      'an RLE that is too short',
      truth,
      rle('54'),
      'segm',
      /entry\[0\].segmentation: RLE runs add up to 9 pixels/,
    ],
    [
      'an RLE of characters beyond ASCII',
      truth,
      rle('İ'),
      'segm',
      /entry\[0\]: segmentation.counts has a character/,
    ],
    [
      'an RLE of another size',
      truth,
      rle('54', [60, 50]),
      'segm',
      /size is 60 x 50, but its image is 50 x 60/,
    ],
    ['a missing mask', truth, [result], 'segm', /entry\[0\].segmentation is missing/],
    [
      'duplicate annotation ids',
      { ...truth, annotations: [annotation, annotation] },
      [],
      'bbox',
      /annotations\[1\].id 1 occurs more than once/,
    ],
    [
      'duplicate image ids',
      { ...truth, images: [images[0], images[0]] },
      [],
      'bbox',
      /image id 2 occurs more than once/,
    ],
    ['a file that is not JSON', 'hello', [], 'bbox', /gt.json is not JSON: Unexpected token/],
    ['results that are not JSON', truth, '[{"image_id": 1,]', 'bbox', /dt.json is not JSON/],
    [
      'a file that ends early',
      truth,
      '[{"image_id": 1}',
      'bbox',
      /dt.json is not JSON: it ends inside a list/,
    ],
    ['text behind the JSON', truth, '[] x', 'bbox', /dt.json is not JSON/],
    ['an empty file', truth, '', 'bbox', /dt.json is not JSON: it is empty/],
    [
      'a NaN score',
      truth,
      '[{"image_id":1,"category_id":3,"bbox":[1,2,3,4],"score":NaN}]',
      'bbox',
      /entry\[0\].score is NaN, not a number/,
    ],
    [
      'an infinite coordinate',
      truth,
      `[${JSON.stringify(result)},{"image_id":1,"bbox":[1,-Infinity,3,4]}]`,
      'bbox',
      /entry\[1\].bbox is -Infinity/,
    ],
    [
      'a score that is null',
      truth,
      [{ ...result, score: null }],
      'bbox',
      /entry\[0\].score must be a finite number, got null/,
    ],
    [
      'a box of three numbers',
      truth,
      [{ ...result, bbox: [1, 2, 3] }],
      'bbox',
      /entry\[0\].bbox must be a list of 4 numbers/,
    ],
    [
      'a comma before the end',
      truth,
      `[${`${JSON.stringify(result)},`.repeat(50_000)}]`,
      'bbox',
      /dt.json is not JSON: /,
    ],
    ['results that are an object', truth, {}, 'bbox', /dt.json must be a list of results/],
    ['a ground truth that is a list', [], [], 'bbox', /gt.json has no list 'images'/],
    [
      'keypoints of the wrong length',
      { ...truth, annotations: [{ ...annotation, keypoints: [1] }] },
      [],
      'keypoints',
      /annotations\[0\].keypoints must be a list of 51/,
    ],
    [
      'images without a size',
      { ...truth, images: [{ id: 1 }] },
      [],
      'segm',
      /image 1 must have a height and a width/,
    ],
  ])('refuses %s', async (_, gt, dt, type, message) => {
    const evaluation = evaluate(gt, dt, type);
    await expect(evaluation).rejects.toThrow(message);
    await expect(evaluation).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('names a missing file', async () => {
    await expect(
      evaluateCocoFiles({ type: 'bbox', groundTruth: join(folder, 'none.json'), results: 'x' }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('none.json cannot be opened'),
    });
  });
});
