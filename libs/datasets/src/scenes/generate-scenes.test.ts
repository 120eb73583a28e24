import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, decodeMask, parseSegmentation, readPngIds } from '@cassl/vision';
import { generateScenes, type GeneratedScenes } from './generate-scenes.ts';
import { thingCategories } from './scene-categories.ts';

interface Annotations {
  readonly images: { readonly id: number; readonly file_name: string }[];
  readonly annotations: {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: number[];
    readonly area: number;
    readonly segmentation: unknown;
    readonly segments_info: { readonly id: number; readonly category_id: number; readonly area: number }[];
  }[];
}

let root: string;
let made: GeneratedScenes;
const counts = { labeled: 6, unlabeled: 3, val: 2 };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-scenes-'));
  made = await generateScenes({ out: join(root, 'a'), ...counts, seed: 7 });
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function annotations(name: string): Promise<Annotations> {
  return JSON.parse(await readFile(join(root, 'a/annotations', name), 'utf8')) as Annotations;
}

describe('generateScenes', () => {
  it('makes the same bytes from the same seed and other bytes from another', async () => {
    const again = await generateScenes({ out: join(root, 'b'), ...counts, seed: 7 });
    const other = await generateScenes({ out: join(root, 'c'), ...counts, seed: 8 });
    expect(again.digest).toBe(made.digest);
    expect(other.digest).not.toBe(made.digest);
  });

  it('keeps image i when more images are asked for', async () => {
    const more = await generateScenes({ out: join(root, 'more'), ...counts, labeled: 8, seed: 7 });
    const picture = (folder: string): Promise<Buffer> =>
      readFile(join(root, folder, 'train2017/000000000005.jpg'));
    expect(more.images.labeled).toBe(8);
    expect(await picture('more')).toEqual(await picture('a'));
  });

  it('writes the layout of COCO with the truth of the unlabeled images apart', async () => {
    expect((await readdir(join(root, 'a'))).sort()).toEqual(
      ['README.md', 'annotations', 'scenes.json', 'train2017', 'unlabeled2017', 'val2017'].sort(),
    );
    const info = await annotations('image_info_unlabeled2017.json');
    expect(info.images).toHaveLength(3);
    expect(info.annotations).toBeUndefined();
    expect((await annotations('instances_unlabeled2017.json')).annotations.length).toBeGreaterThan(0);
    const readme = await readFile(join(root, 'a/README.md'), 'utf8');
    expect(readme).toContain('CC-BY 4.0');
  });

  it('writes masks whose pixels are those of the panoptic segments', async () => {
    const panoptic = await annotations('panoptic_train2017.json');
    const { annotations: instances } = await annotations('instances_train2017.json');
    for (const { image_id, segments_info } of panoptic.annotations) {
      const stem = String(image_id).padStart(12, '0');
      const png = await readFile(join(root, `a/annotations/panoptic_train2017/${stem}.png`));
      const { ids } = await readPngIds(png);
      const things = segments_info.filter(({ category_id }) => category_id <= thingCategories.length);
      const masks = instances.filter((instance) => instance.image_id === image_id);
      expect(masks).toHaveLength(things.length);
      expect(masks.length).toBeGreaterThan(0);
      for (const [index, { id, area }] of things.entries()) {
        const mask = decodeMask(parseSegmentation(masks[index]!.segmentation, 128, 128));
        expect(mask.data.every((pixel, at) => (pixel === 1) === (ids[at] === id))).toBe(true);
        expect(masks[index]!.area).toBe(area);
      }
      // Things and stuff tile the image: there is no void.
      expect(segments_info.reduce((sum, { area }) => sum + area, 0)).toBe(128 * 128);
    }
  });

  it('boxes the visible pixels, with the far edge one past the last pixel', async () => {
    const { annotations: instances } = await annotations('instances_val2017.json');
    for (const { segmentation, bbox } of instances) {
      const { data } = decodeMask(parseSegmentation(segmentation, 128, 128));
      const columns: number[] = [];
      data.forEach((pixel, at) => pixel === 1 && columns.push(at % 128));
      const left = columns.reduce((a, b) => Math.min(a, b));
      const right = columns.reduce((a, b) => Math.max(a, b));
      expect([bbox[0], bbox[2]]).toEqual([left, right + 1 - left]);
    }
  });

  it('writes pictures of the size asked for', async () => {
    await generateScenes({ out: join(root, 'small'), labeled: 1, unlabeled: 0, val: 0, size: 64 });
    const image = await decodeImage(await readFile(join(root, 'small/train2017/000000000001.jpg')));
    expect([image.width, image.height]).toEqual([64, 64]);
  });

  it('finds its own scenes again instead of making them twice', async () => {
    const again = await generateScenes({ out: join(root, 'a'), ...counts, seed: 7 });
    expect(again).toMatchObject({ reused: true, digest: made.digest });
  });

  it('makes scenes of another style again in their place', async () => {
    const out = join(root, 'style');
    const first = await generateScenes({ out, ...counts, seed: 7, style: { haze: 0 } });
    const second = await generateScenes({ out, ...counts, seed: 7 });
    expect(second).toMatchObject({ reused: false, digest: made.digest });
    expect(first.digest).not.toBe(made.digest);
  });

  it('refuses a folder that holds something else', async () => {
    await expect(generateScenes({ out: join(root, 'a'), ...counts, seed: 9 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await writeFile(join(root, 'file.txt'), 'mine');
    await expect(generateScenes({ out: root, ...counts })).rejects.toThrow(/not empty/);
  });

  it('names the option that is out of bounds', async () => {
    await expect(generateScenes({ out: join(root, 'd'), size: 4 })).rejects.toThrow(
      /size .*32\.\.1024, got 4/,
    );
    await expect(generateScenes({ out: join(root, 'd'), labeled: Number.NaN })).rejects.toThrow(
      /labeled .*NaN/,
    );
  });

  it('leaves nothing behind when it is stopped', async () => {
    const out = join(root, 'stopped');
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    await expect(generateScenes({ out, ...counts, signal: stop.signal, onProgress })).rejects.toThrow();
    expect((await readdir(root)).filter((name) => name.includes('stopped'))).toEqual([]);
  });
});
