import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BoxNumbers } from '../coco/coco-summary.ts';
import { evaluateCocoFiles } from './evaluate-coco-files.ts';

const shared = process.env['CASSL_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared');
const bugs = join(shared, 'bugs');

const boxes = (folder: string): ReturnType<typeof evaluateCocoFiles> =>
  evaluateCocoFiles({
    type: 'bbox',
    groundTruth: join(bugs, folder, 'gt.json'),
    results: join(bugs, folder, 'dt.json'),
  });

describe.skipIf(!existsSync(bugs))('files that others have reported (needs CASSL_SHARED)', () => {
  it.each(['01-ids-beyond-2-53/images', '01-ids-beyond-2-53/annotations', '11-byte-order-mark'])(
    'scores %s as pycocotools does',
    async (folder) => {
      const { AP, AP50, AR100 } = (await boxes(folder)).summary.numbers as BoxNumbers;
      expect(AP).toBeCloseTo(0.742739, 6);
      expect(AP50).toBeCloseTo(0.917492, 6);
      expect(AR100).toBeCloseTo(0.875, 6);
    },
  );

  it("names a result of another image than the ground truth's, with its id as written", async () => {
    await expect(boxes('01-ids-beyond-2-53/stranger')).rejects.toThrow(
      /dt\.json: entry\[0\]\.image_id 9007199254740992 is none of the ids of the ground truth's images/,
    );
  });

  it('says that a text meets numbers', async () => {
    await expect(boxes('13-id-text-against-number')).rejects.toThrow(
      /dt\.json: entry\[0\]\.image_id "1" is a text, but the ids of the ground truth's images are numbers/,
    );
  });
});

describe('fields of another type than the format says', () => {
  const image = { id: 1, width: 100, height: 100 };
  const annotation = { id: 1, image_id: 1, category_id: 77, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 };
  const result = { image_id: 1, category_id: 77, bbox: [0, 0, 10, 10], score: 0.9 };

  async function evaluate(
    change: object,
    write = (text: string): string => text.replaceAll('77', '1'),
  ): ReturnType<typeof evaluateCocoFiles> {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-fields-'));
    try {
      const [groundTruth, results] = [join(folder, 'gt.json'), join(folder, 'dt.json')];
      const annotations = [{ ...annotation, ...change }];
      const categories = [{ id: 77, name: 'a' }];
      await writeFile(groundTruth, write(JSON.stringify({ images: [image], categories, annotations })));
      await writeFile(results, write(JSON.stringify([result])));
      return await evaluateCocoFiles({ type: 'bbox', groundTruth, results });
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it.each([
    [{ iscrowd: '1' }, /annotations\[0\]\.iscrowd must be 0 or 1, got "1"/],
    [{ iscrowd: 2 }, /iscrowd must be 0 or 1, got 2/],
    [{ category_id: '1' }, /category_id "1" is a text, but the ids of this file's categories are numbers/],
    [{ image_id: '1' }, /image_id "1" is a text, but the ids of this file's images are numbers/],
    [{ area: '100' }, /area must be a finite number, got "100"/],
  ])('are refused: %j', async (change, message) => {
    await expect(evaluate(change)).rejects.toThrow(message);
  });

  it.each([1.5, true, { $oid: '5f' }])('an id that is none (%j) costs no label, and is told', async (id) => {
    const { summary, warnings } = await evaluate({ id });
    expect((summary.numbers as BoxNumbers).AP).toBeCloseTo(1, 9);
    expect(warnings).toEqual([expect.stringContaining('neither a whole number nor a text')]);
  });

  it('ids of categories beyond 2^53 and texts are exact', async () => {
    for (const id of ['9007199254740993', '-9007199254740993', '"pump"']) {
      const { summary } = await evaluate({}, (text) =>
        text.replaceAll(/("category_id"|"id"):77/g, `$1:${id}`),
      );
      expect(summary.perCategory.map((category) => String(category.id))).toEqual([id.replaceAll('"', '')]);
      expect((summary.numbers as BoxNumbers).AP).toBeCloseTo(1, 9);
    }
  });

  it('measures an area that is missing, and says so', async () => {
    const { summary, warnings } = await evaluate({ area: undefined, id: null });
    expect((summary.numbers as BoxNumbers).APs).toBeCloseTo(1, 9);
    expect(warnings).toEqual([expect.stringContaining('1 annotations have no area')]);
  });
});
