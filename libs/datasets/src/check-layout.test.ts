import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLayout, isUsable } from './check-layout.ts';
import { generateScenes } from './scenes/generate-scenes.ts';

let root: string;
let scenes: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-check-'));
  scenes = join(root, 'scenes');
  await generateScenes({ out: scenes, labeled: 3, unlabeled: 2, val: 1, size: 64 });
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('checkLayout', () => {
  it('finds nothing wrong with generated scenes', async () => {
    const parts = await checkLayout(scenes);
    expect(parts.map(({ kind }) => kind)).toEqual([
      'instances',
      'instances',
      'instances',
      'panoptic',
      'panoptic',
      'panoptic',
    ]);
    expect(parts.every((part) => isUsable(part) && part.report.reasons.length === 0)).toBe(true);
  });

  it('decodes every image, of unlabeled splits too, and counts the broken ones', async () => {
    const hurt = join(root, 'hurt');
    await cp(scenes, hurt, { recursive: true });
    for (const kind of ['instances', 'panoptic'])
      await rm(join(hurt, `annotations/${kind}_unlabeled2017.json`));
    await writeFile(join(hurt, 'unlabeled2017/zero.jpg'), '');
    await writeFile(join(hurt, 'unlabeled2017/text.jpg'), 'hello');
    await writeFile(join(hurt, 'unlabeled2017/e.bmp'), 'BM');
    await writeFile(join(hurt, 'unlabeled2017/noext'), 'hello');
    const parts = await checkLayout(hurt);
    const pool = parts.find(({ kind }) => kind === 'unlabeled');
    // Files that the pool does not read are part of what it lists.
    expect(pool!.report.images).toEqual({ listed: 6, kept: 2 });
    expect(pool!.report.reasons[0]!.examples).toHaveLength(2);
    expect(pool!.report.reasons.slice(1).flatMap(({ examples }) => examples)).toEqual(['e.bmp', 'noext']);
  });

  it('says when a folder is not laid out like COCO', async () => {
    await expect(checkLayout(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await mkdir(join(root, 'bare/annotations'), { recursive: true });
    await expect(checkLayout(join(root, 'bare'))).rejects.toThrow(/holds no instances_/);
  });
});
