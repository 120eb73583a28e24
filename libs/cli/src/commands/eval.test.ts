import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePngIds } from '@cassl/vision';

const main = join(import.meta.dirname, '../main.ts');
const shared = process.env['CASSL_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cassl(...flags: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'eval', ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-cli-eval-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const square = [[10, 10, 20, 10, 20, 20, 10, 20]];
const annotation = {
  id: 1,
  image_id: 1,
  category_id: 3,
  area: 100,
  bbox: [10, 10, 10, 10],
  segmentation: square,
};
const truth = {
  images: [{ id: 1, height: 50, width: 60 }],
  categories: [{ id: 3, name: 'cup' }],
  annotations: [annotation],
};
const result = { image_id: 1, category_id: 3, score: 0.5, bbox: [10, 10, 10, 10], segmentation: square };

async function write(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

describe('cassl eval', () => {
  it('prints one JSON object with the keys of COCO, null where it prints -1, and categories', async () => {
    const flags = [
      '--gt',
      await write('gt.json', truth),
      '--results',
      await write('dt.json', [result]),
      '--json',
    ];
    for (const type of ['bbox', 'segm']) {
      const { code, stdout, stderr } = await cassl(...flags, '--type', type);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const report = JSON.parse(stdout) as Record<string, unknown>;
      const keys = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];
      expect(Object.keys(report)).toEqual(expect.arrayContaining(keys));
      expect(report).toMatchObject({ AR1: 1, APm: null, perCategory: [{ id: 3, name: 'cup', AR1: 1 }] });
    }
    const agnostic = await cassl(...flags, '--class-agnostic');
    expect(JSON.parse(agnostic.stdout)).toMatchObject({ classAgnostic: true, AR1: 1 });
  });

  it('scores entities by masks and by boxes', async () => {
    const flags = ['--gt', await write('e.json', truth), '--results', await write('e-dt.json', [result])];
    const { stdout } = await cassl(...flags, '--type', 'entity', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      AR100: 1,
      area: 'mask',
      bbox: { AR100: 1 },
      segm: { AR100: 1 },
    });
  });

  it('prints tables for people, and plots and a page where asked', async () => {
    const flags = ['--gt', await write('p.json', truth), '--results', await write('p-dt.json', [result])];
    const [svg, report] = [join(folder, 'plots'), join(folder, 'report.html')];
    const { code, stdout } = await cassl(...flags, '--svg', svg, '--report', report);
    expect(code).toBe(0);
    expect(stdout).toMatch(/AP50/);
    expect((await readdir(svg)).sort()).toEqual(['errors.svg', 'precision-recall.svg']);
    expect(await readFile(report, 'utf8')).toMatch(/<svg.*<table>/s);
  });

  it('scores panoptic files, all, things and stuff', async () => {
    const ids = new Int32Array(100).fill(7);
    await writeFile(join(folder, 'a.png'), await encodePngIds({ width: 10, height: 10, ids }));
    const panoptic = {
      annotations: [
        { image_id: 1, file_name: 'a.png', segments_info: [{ id: 7, category_id: 1, iscrowd: 0 }] },
      ],
      categories: [{ id: 1, name: 'person', isthing: 1 }],
    };
    const file = await write('panoptic.json', panoptic);
    const flags = ['--type', 'panoptic', '--gt', file, '--results', file];
    const { stdout } = await cassl(...flags, '--gt-dir', folder, '--results-dir', folder, '--json');
    const nothing = { PQ: null, SQ: null, RQ: null };
    const perfect = { PQ: 1, SQ: 1, RQ: 1 };
    expect(JSON.parse(stdout)).toMatchObject({ ...perfect, things: perfect, stuff: nothing });
    const missing = await cassl(...flags, '--json');
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--gt-dir') });
  });

  const rle = (counts: string, size = [50, 60]) => [{ ...result, segmentation: { size, counts } }];
  it.each<[string, unknown, unknown, RegExp]>([
    ['a results entry with an unknown image', truth, [{ ...result, image_id: 9 }], /entry\[0\].image_id 9/],
    [
      'a results entry with an unknown category',
      truth,
      [{ ...result, category_id: 9 }],
      /entry\[0\].category_id 9/,
    ],
    ['a malformed RLE', truth, rle('5 4'), /entry\[0\].segmentation/],
    [
      'an RLE whose size differs from its image',
      truth,
      rle('54', [60, 50]),
      /60 x 50, but its image is 50 x 60/,
    ],
    [
      'duplicate annotation ids',
      { ...truth, annotations: [annotation, annotation] },
      [],
      /id 1 occurs more than once/,
    ],
    ['a file that is not JSON', truth, 'AP 0.5', /is not JSON/],
    [
      'an id with an exponent',
      truth,
      '[{"image_id":9.007199254740993e15,"category_id":3,"score":0.5}]',
      /entry\[0\]\.image_id is beyond 2\^53 and written with an exponent/,
    ],
    ['a NaN score', truth, '[{"image_id":1,"category_id":3,"score":NaN}]', /entry\[0\].score is NaN/],
  ])('exits with 2 and one line for %s', async (_, gt, dt, message) => {
    const flags = ['--gt', await write('bad-gt.json', gt), '--results', await write('bad-dt.json', dt)];
    const { code, stdout, stderr } = await cassl(...flags, '--type', 'segm', '--json');
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('exits with 2 for a missing file, a missing flag and an unknown type', async () => {
    const results = await write('only-dt.json', []);
    expect(await cassl('--gt', join(folder, 'none'), '--results', results)).toMatchObject({ code: 2 });
    expect(await cassl('--results', results)).toMatchObject({ code: 2 });
    expect(await cassl('--gt', results, '--results', results, '--type', 'x')).toMatchObject({ code: 2 });
  });

  const fixtures = join(shared, 'eval');
  it.skipIf(!existsSync(fixtures))('agrees with published results to 1e-9 (needs CASSL_SHARED)', async () => {
    const gt = join(fixtures, 'instances_val2014_100.json');
    const dt = join(fixtures, 'instances_val2014_fakesegm100_results.json');
    const { stdout } = await cassl('--gt', gt, '--results', dt, '--type', 'segm', '--json');
    const { AP, ARl } = JSON.parse(stdout) as Record<string, number>;
    expect(Math.abs(AP! - 0.3195452758576433)).toBeLessThan(1e-9);
    expect(Math.abs(ARl! - 0.3814715099715099)).toBeLessThan(1e-9);
  });
});
